#include "tests/support/simulated_http.h"

#include <algorithm>

namespace verihook::testing {
namespace {

using http::ClientRequest;
using http::ClientResponse;

// Counts a request for as long as it is under way, however its coroutine ends.
class InFlight {
 public:
  InFlight(std::size_t& now, std::size_t& max) : now_(now) { max = std::max(max, ++now_); }
  ~InFlight() { --now_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::size_t& now_;
};

Result<ClientResponse> keep_limits(const ClientRequest& request, ClientResponse response) {
  if (request.sink) {
    if (response.body.size() > request.sink_bytes_max) {
      return fail(Errc::kTooLarge, "the response is larger than allowed");
    }
    if (!request.sink(response.body)) return fail(Errc::kCancelled, "the download was stopped");
    response.body.clear();
  } else if (response.body.size() > request.response_bytes_max) {
    response.body.resize(request.response_bytes_max);
    response.body_truncated = true;
  }
  return response;
}

}  // namespace

void SimulatedHttpClient::on(std::string host, std::string path, Handler handler,
                             Milliseconds latency) {
  routes_.insert_or_assign({std::move(host), std::move(path)}, Route{std::move(handler), latency});
}

void SimulatedHttpClient::answer(std::string host, std::string path, unsigned status,
                                 std::string body, Milliseconds latency) {
  on(
      std::move(host), std::move(path),
      [status, body = std::move(body)](const ClientRequest&) {
        ClientResponse response;
        response.status = status;
        response.body = body;
        return response;
      },
      latency);
}

const SimulatedHttpClient::Route* SimulatedHttpClient::find(const http::Url& url) const {
  const std::string path = url.target.substr(0, url.target.find('?'));
  auto found = routes_.find({url.host, path});
  if (found == routes_.end()) found = routes_.find({url.host, ""});
  return found == routes_.end() ? nullptr : &found->second;
}

Task<Result<ClientResponse>> SimulatedHttpClient::send(ClientRequest request) {
  const InFlight counted(in_flight_, in_flight_max_);
  const MonotonicTime start = timers_.clock().monotonic_now();
  requests_.push_back({start, timers_.clock().wall_now(), request});
  requests_.back().request.sink = nullptr;
  const Route* found = find(request.url);
  if (!found) co_return fail(Errc::kDns, "the host name could not be resolved");
  const Route route = *found;  // the handler may register others
  const bool late = route.latency >= request.total_timeout_ms;
  const Milliseconds wait = late ? request.total_timeout_ms : route.latency;
  if (wait.count() > 0) co_await sleep_for(timers_, wait);
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_return fail(Errc::kCancelled, "the request was cancelled");
  }
  if (late) co_return fail(Errc::kTimeout, "the endpoint did not answer in time");
  CO_TRY(answer, route.handler(request));
  CO_TRY(response, keep_limits(request, std::move(answer)));
  response.timing.total_ms = static_cast<double>(wait.count());
  co_return std::move(response);
}

}  // namespace verihook::testing
