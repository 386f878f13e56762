// Session: one accepted connection from its first byte to its last, as one coroutine. It reads a
// request, calls the handler, writes the answer and goes round again; requests that came early stay
// in the buffer until the answer before them is written. Kept alive by its own coroutine; one io
// thread.
#pragma once

#include <memory>

#include <boost/asio/cancellation_signal.hpp>

#include "http/guard.h"
#include "http/input_buffer.h"
#include "http/request_parser.h"
#include "http/server_core.h"
#include "http/transport.h"

namespace verihook::http {

// What to do with a connection that was just accepted.
enum class Admission {
  kServe,   // within the limits
  kRefuse,  // one too many: 503 and close
};

class Session {
 public:
  // Makes a session and starts its coroutine.
  static void start(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket,
                    net::Endpoint peer, Admission admission);

  Session(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket, net::Endpoint peer);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends the session if it is between requests; otherwise it ends after the answer in progress.
  void close_if_idle();
  // Ends the session now; handlers see a cancellation.
  void cancel();
  // Cancels the handler if nobody waits for its answer any more and it only reads: a handler that
  // changes something is left to finish, so that no change is half made.
  void cancel_if_abandoned();
  // For a server that is destroyed before its io context: lets go of everything it was lent.
  void abandon();

 private:
  class Body;

  enum class Phase {
    kIdle,       // waiting for a request to begin
    kReading,    // receiving a head or a body
    kHandling,   // the handler or the source of a stream is at work
    kWriting,    // sending an answer
    kLingering,  // the last answer is sent
  };
  enum class Intake {
    kHead,     // a whole head is in the buffer
    kRefused,  // the scanner refused, or time ran out: see refusal_
    kGone,     // nothing to answer to
  };
  // What the answer must take into account about the request.
  struct Answering {
    std::string_view request_id;
    bool http_1_0 = false;
    bool head_only = false;
    bool close = true;
  };

  static Task<void> run(std::shared_ptr<Session> self, Admission admission);
  Task<void> serve(Admission admission);
  // Reads the PROXY header of a peer that must send one.
  Task<bool> learn_client();
  Task<bool> start_tls();
  Task<bool> serve_one();
  Task<Intake> read_head();
  std::optional<Refusal> understand(Request& request, Framing& framing, unsigned& version);
  Task<Response> call_handler(Request& request, Body& body);

  Task<void> refuse(const Refusal& refusal);
  Task<bool> answer(Response response, Answering how);
  Task<bool> write_stream(const Response& response, const HeadExtras& extras);
  Task<bool> write(std::string_view head, std::string_view body);
  Task<void> linger();
  void watch_for_abandonment();
  MonotonicTime in(Milliseconds delay) const;

  const std::shared_ptr<ServerCore> core_;
  const net::Endpoint peer_;
  net::Endpoint client_;  // the peer, unless that is a proxy that says whose connection it is
  std::list<Session*>::iterator position_;
  Transport transport_;
  asio::cancellation_signal cancel_;
  InputBuffer input_;
  HeadScanner scanner_;
  RequestParser parser_;
  Refusal refusal_;
  std::string out_;
  std::size_t requests_ = 0;
  Phase phase_ = Phase::kIdle;
  bool may_be_abandoned_ = false;
};

}  // namespace verihook::http
