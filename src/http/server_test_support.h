// For tests of the server: a real one on a port of 127.0.0.1 with its io context in a thread, and a
// client that sends and reads raw bytes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "async/timers.h"
#include "async/wait_list.h"
#include "base/random.h"
#include "http/server.h"

namespace verihook::http::testing {

class TestServer {
 public:
  explicit TestServer(ServerLimits limits = {}, std::optional<TlsFiles> tls = {},
                      std::vector<net::Cidr> proxy_protocol = {});
  ~TestServer();

  std::uint16_t port() const { return port_; }
  // How many requests have reached the handler, and how many of them were cancelled while waiting.
  int handled() const { return handled_; }
  int cancelled() const { return cancelled_; }
  int waiting() const { return waiting_; }
  // Lets the handlers of /wait go on.
  void release();
  // Stops the server within `grace` and returns when it has stopped.
  void stop(Milliseconds grace);
  // A copy taken on the io thread.
  ServerStats stats();

 private:
  Task<Response> handle(Request& request);
  Task<Response> echo(Request& request, std::size_t limit_bytes);
  Task<Response> wait(Request& request);
  Response stream(const Request& request);

  asio::io_context io_{1};
  SystemClock clock_;
  RealTimers timers_{clock_};
  SeededRandom random_{1};
  IdMaker ids_{clock_, random_};
  WaitList gate_;
  std::atomic<int> handled_ = 0;
  std::atomic<int> cancelled_ = 0;
  std::atomic<int> waiting_ = 0;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;       // unchunked
  bool complete = false;  // false when the connection ended inside it

  // The value of a field, or "(none)".
  std::string field(std::string_view name) const;
};

// Splits what a server sent into its answers. Those to HEAD have no body: `head_only` says so.
std::vector<RawResponse> parse_responses(std::string_view bytes, bool head_only = false);

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the other side no longer takes anything.
  bool send(std::string_view bytes);
  // Says that nothing more will be sent.
  void half_close();
  // Everything until the server closes; fails the test after 20 seconds.
  std::string read_to_end();
  // Everything until `marker` has been seen, or the end.
  std::string read_until(std::string_view marker);
  // One whole answer with Content-Length; what follows it stays for the next call.
  RawResponse read_response(bool head_only = false);
  bool was_reset() const { return reset_; }
  int descriptor() const { return fd_; }
  void close();

 private:
  // False at the end.
  bool read_more();

  int fd_ = -1;
  std::string received_;
  bool reset_ = false;
};

// Sends, half-closes and returns the answers.
std::vector<RawResponse> exchange(std::uint16_t port, std::string_view bytes);

}  // namespace verihook::http::testing
