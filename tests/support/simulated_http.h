// SimulatedHttpClient: http::Client in memory, for tests under virtual time. A test registers
// handlers by host and path; each request is recorded, waits its virtual latency and gets what the
// handler returns. A host that nobody registered is an unknown name (kDns). The request's own
// limits (total timeout, body sizes, sink) are kept as the real client keeps them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "async/timers.h"
#include "http/client.h"

namespace verihook::testing {

struct RecordedRequest {
  MonotonicTime sent_at;
  WallTime sent_wall;
  http::ClientRequest request;  // without its sink
};

class SimulatedHttpClient final : public http::Client {
 public:
  using Handler = std::function<Result<http::ClientResponse>(const http::ClientRequest&)>;

  explicit SimulatedHttpClient(Timers& timers) : timers_(timers) {}

  // Answers `host` + `path` (without the query); an empty path answers every path of the host that
  // has no handler of its own. Replaces the handler that stood there.
  void on(std::string host, std::string path, Handler handler, Milliseconds latency = {});
  // The same, with an answer of that status and body.
  void answer(std::string host, std::string path, unsigned status, std::string body = {},
              Milliseconds latency = {});

  Task<Result<http::ClientResponse>> send(http::ClientRequest request) override;

  const std::vector<RecordedRequest>& requests() const { return requests_; }
  void forget_requests() { requests_.clear(); }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t in_flight_max() const { return in_flight_max_; }

 private:
  struct Route {
    Handler handler;
    Milliseconds latency;
  };

  const Route* find(const http::Url& url) const;

  Timers& timers_;
  std::map<std::pair<std::string, std::string>, Route> routes_;
  std::vector<RecordedRequest> requests_;
  std::size_t in_flight_ = 0;
  std::size_t in_flight_max_ = 0;
};

}  // namespace verihook::testing
