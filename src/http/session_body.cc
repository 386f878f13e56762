#include "http/session_body.h"

namespace verihook::http {
namespace {

constexpr std::size_t kBodyBufferBytes = 64 * 1024;

}  // namespace

Task<Result<std::string_view>> Session::Body::read_some() {
  if (error_) co_return std::unexpected(*error_);
  while (!ended_) {
    if (auto piece = next_piece()) co_return *std::move(piece);
    CO_TRY_VOID(co_await receive());
  }
  co_return std::string_view();
}

Task<Result<std::string>> Session::Body::read_all(std::size_t limit_bytes) {
  const Error too_large{Errc::kTooLarge, "the body is larger than is allowed here"};
  if (framing_.content_length > limit_bytes) co_return std::unexpected(too_large);
  std::string whole;
  whole.reserve(framing_.content_length);
  while (!ended_) {
    CO_TRY(piece, co_await read_some());
    if (piece.size() > limit_bytes - whole.size()) co_return std::unexpected(too_large);
    whole += piece;
  }
  co_return whole;
}

std::optional<Result<std::string_view>> Session::Body::next_piece() {
  const RequestParser::Step step = session_.parser_.parse_body(session_.input_.view());
  session_.input_.consume(step.consumed_bytes);
  switch (step.outcome) {
    case RequestParser::Outcome::kMore:
      return std::nullopt;
    case RequestParser::Outcome::kPiece:
      received_bytes_ += step.piece.size();
      // So that the handler is not asked again only to learn that there is no more.
      if (session_.parser_.complete()) ended_ = true;
      return step.piece;
    case RequestParser::Outcome::kEnd:
      ended_ = true;
      return std::string_view();
    case RequestParser::Outcome::kBad:
      break;
  }
  error_ = Error{Errc::kProtocol,
                 "the chunks of the body are malformed, or have extensions or "
                 "trailers, which are not accepted"};
  return std::unexpected(*error_);
}

Task<Result<void>> Session::Body::receive() {
  if (continue_pending_) CO_TRY_VOID(co_await send_continue());
  const Clock& clock = session_.core_->timers.clock();
  const Phase phase = std::exchange(session_.phase_, Phase::kReading);
  const MonotonicTime began = clock.monotonic_now();
  session_.transport_.set_due(due());
  const auto received =
      co_await session_.transport_.read_some(session_.input_.room(kBodyBufferBytes));
  waited_ += clock.monotonic_now() - began;
  session_.phase_ = phase;
  session_.transport_.set_due(MonotonicTime::max());
  if (!received) {
    error_ = received.error();
    co_return std::unexpected(*error_);
  }
  session_.input_.commit(*received);
  co_return Result<void>();
}

Task<Result<void>> Session::Body::send_continue() {
  continue_pending_ = false;
  if (session_.input_.size() > 0) co_return Result<void>();  // the client did not wait
  const bool sent = co_await session_.write("HTTP/1.1 100 Continue\r\n\r\n", {});
  if (!sent) {
    error_ = Error{Errc::kConnectionLost, "the client closed the connection"};
    co_return std::unexpected(*error_);
  }
  session_.phase_ = Phase::kHandling;
  co_return Result<void>();
}

// Two budgets of waiting for the client: one for the whole body, one that grows with what has come.
// The second begins with the time that a head may take, so that a slow start is forgiven.
MonotonicTime Session::Body::due() const {
  const ServerLimits& limits = session_.core_->options.limits;
  const std::uint64_t rate = std::max<std::uint64_t>(limits.body_bytes_per_second_min, 1);
  const Milliseconds for_rate =
      limits.header_deadline_ms + Milliseconds(received_bytes_ * 1000 / rate);
  return session_.core_->timers.clock().monotonic_now() +
         (std::min(limits.body_deadline_ms, for_rate) - waited_);
}

void Session::Body::discard_buffered() {
  while (!ended_ && !error_) {
    if (!next_piece()) return;
  }
}

Task<bool> Session::Body::discard_rest(MonotonicTime due) {
  session_.phase_ = Phase::kReading;
  discard_buffered();
  while (!ended_ && !error_) {
    session_.transport_.set_due(due);
    const auto received =
        co_await session_.transport_.read_some(session_.input_.room(kBodyBufferBytes));
    if (!received) co_return false;
    session_.input_.commit(*received);
    discard_buffered();
  }
  co_return !error_;
}

bool Session::Body::rest_is_small() const {
  return !framing_.chunked && !continue_pending_ && !error_ &&
         framing_.content_length - received_bytes_ <=
             session_.core_->options.limits.linger_bytes_max;
}

}  // namespace verihook::http
