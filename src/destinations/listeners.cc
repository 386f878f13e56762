#include "destinations/listeners.h"

namespace verihook::destinations {
namespace {

std::string_view endpoint_of(const http::Url& url) {
  return std::string_view(url.target).substr(1);
}

}  // namespace

std::string listener_url(std::string_view endpoint_id) {
  return "https://" + std::string(kListenerHost) + "/" + std::string(endpoint_id);
}

Task<Result<http::ClientResponse>> Listeners::send(http::ClientRequest request) {
  if (request.url.host != kListenerHost) co_return co_await client_.send(std::move(request));
  co_return co_await wait_for_answer(std::move(request));
}

Task<Result<http::ClientResponse>> Listeners::wait_for_answer(http::ClientRequest request) {
  const MonotonicTime began = timers_.clock().monotonic_now();
  const std::string id(endpoint_of(request.url));
  const Deadline deadline = Deadline::after(timers_.clock(), request.total_timeout_ms);
  Waiting waiting{.request = request};
  const std::uint64_t number = ++last_number_;
  Endpoint& to = endpoint(id);
  to.waiting.emplace(number, &waiting);
  if (to.stream != nullptr) to.stream->news_.wake_all();
  if (!closed_) co_await waiting.answered.wait(timers_, deadline);
  endpoint(id).waiting.erase(number);
  forget_when_idle(id);
  if (waiting.response) {
    const auto took = timers_.clock().monotonic_now() - began;
    waiting.response->timing.total_ms = std::chrono::duration<double, std::milli>(took).count();
    co_return std::move(*waiting.response);
  }
  if (closed_ || cancelled(co_await asio::this_coro::cancellation_state)) {
    co_return fail(Errc::kCancelled, "the attempt was cancelled");
  }
  co_return fail(Errc::kTimeout, "no listener has answered");
}

bool Listeners::acknowledge(std::string_view endpoint_id, std::uint64_t number,
                            http::ClientResponse response) {
  const auto found = endpoints_.find(endpoint_id);
  if (found == endpoints_.end()) return false;
  const auto waiting = found->second.waiting.find(number);
  if (waiting == found->second.waiting.end() || waiting->second->response) return false;
  waiting->second->response = std::move(response);
  waiting->second->answered.wake_all();
  return true;
}

void Listeners::close() {
  closed_ = true;
  for (auto& [id, endpoint] : endpoints_) {
    if (endpoint.stream != nullptr) endpoint.stream->news_.wake_all();
    for (const auto& [number, waiting] : endpoint.waiting) waiting->answered.wake_all();
  }
}

Listeners::Endpoint& Listeners::endpoint(std::string_view id) {
  const auto found = endpoints_.find(id);
  return found != endpoints_.end() ? found->second : endpoints_[std::string(id)];
}

void Listeners::forget_when_idle(std::string_view id) {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return;
  if (found->second.waiting.empty() && found->second.stream == nullptr) endpoints_.erase(found);
}

Listeners::Stream::Stream(Listeners& listeners, std::string endpoint_id)
    : listeners_(listeners), endpoint_id_(std::move(endpoint_id)) {
  Endpoint& endpoint = listeners_.endpoint(endpoint_id_);
  if (endpoint.stream != nullptr) {
    endpoint.stream->taken_over_ = true;
    endpoint.stream->news_.wake_all();
  }
  endpoint.stream = this;
  for (const auto& [number, waiting] : endpoint.waiting) waiting->sent = false;
}

Listeners::Stream::~Stream() {
  if (taken_over_) return;
  listeners_.endpoint(endpoint_id_).stream = nullptr;
  listeners_.forget_when_idle(endpoint_id_);
}

std::optional<ListenerRequest> Listeners::Stream::take() {
  if (ended()) return std::nullopt;
  for (const auto& [number, waiting] : listeners_.endpoint(endpoint_id_).waiting) {
    if (std::exchange(waiting->sent, true)) continue;
    return ListenerRequest{number, waiting->request.headers, waiting->request.body};
  }
  return std::nullopt;
}

Task<std::optional<ListenerRequest>> Listeners::Stream::next(Deadline deadline) {
  auto taken = take();
  if (taken || ended() || deadline.passed(listeners_.timers_.clock())) co_return taken;
  co_await news_.wait(listeners_.timers_, deadline);
  co_return take();
}

}  // namespace verihook::destinations
