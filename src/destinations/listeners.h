// Listeners: people who have events forwarded to their own machine (`verihook listen`) instead of
// to a public URL. Each has an endpoint like any other, whose URL names nobody but itself:
// https://listen.invalid/wh_…. So its events are stored, signed, retried and logged as all are;
// only the last step differs, where the request goes out on the listener's stream and the answer
// comes back as an acknowledgement.
//
// While nobody is connected an attempt waits for its whole time, and then fails as any does that is
// not answered: a connection that breaks loses nothing. One io thread; lives in memory alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async/timers.h"
#include "async/wait_list.h"
#include "http/client.h"

namespace verihook::destinations {

inline constexpr std::string_view kListenerHost = "listen.invalid";  // RFC 6761, 6.4: never exists

// The URL of such an endpoint.
std::string listener_url(std::string_view endpoint_id);

// What goes out on the stream.
struct ListenerRequest {
  std::uint64_t number = 0;  // to be acknowledged
  http::Headers headers;
  std::string body;
};

class Listeners final : public http::Client {
 public:
  class Stream;

  // Requests to all other hosts go to `client`; both outlive this.
  Listeners(Timers& timers, http::Client& client) : timers_(timers), client_(client) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  Task<Result<http::ClientResponse>> send(http::ClientRequest request) override;

  // The answer to a request that went out to this endpoint's listener; false when nobody waits for
  // it any more.
  bool acknowledge(std::string_view endpoint_id, std::uint64_t number,
                   http::ClientResponse response);

  // The program stops: streams end, and nobody waits for answers.
  void close();
  bool closed() const { return closed_; }

 private:
  // A request that waits for its answer.
  struct Waiting {
    const http::ClientRequest& request;
    std::optional<http::ClientResponse> response{};
    WaitList answered{};
    bool sent = false;  // on the stream that is connected now
  };
  struct Endpoint {
    std::map<std::uint64_t, Waiting*> waiting;  // oldest first
    Stream* stream = nullptr;
  };

  Task<Result<http::ClientResponse>> wait_for_answer(http::ClientRequest request);
  Endpoint& endpoint(std::string_view id);
  void forget_when_idle(std::string_view id);

  Timers& timers_;
  http::Client& client_;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
  std::uint64_t last_number_ = 0;
  bool closed_ = false;
};

// One listener's connection. A newer one takes the endpoint over, and this one ends.
class Listeners::Stream {
 public:
  Stream(Listeners& listeners, std::string endpoint_id);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The next request that goes out; nothing at the deadline. What was not answered goes out again
  // on the next stream.
  Task<std::optional<ListenerRequest>> next(Deadline deadline);
  bool ended() const { return taken_over_ || listeners_.closed(); }

 private:
  friend class Listeners;
  std::optional<ListenerRequest> take();

  Listeners& listeners_;
  const std::string endpoint_id_;
  WaitList news_;
  bool taken_over_ = false;
};

}  // namespace verihook::destinations
