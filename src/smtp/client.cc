#include "smtp/client.h"

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

namespace verihook::smtp {
namespace {

// Replies are short; of the long ones, the next read has the rest. Every open conversation has one.
constexpr std::size_t kReadBytes = 512;

Event failed(Error error, bool can_still_quit) {
  return {Event::Kind::kFailed, {}, std::move(error), can_still_quit};
}

// While this coroutine thread is being cancelled, the next co_await would throw and the server
// would see the connection vanish. Calls of this class look at the cancellation state themselves.
Task<bool> stop_throwing() {
  const bool before = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return before;
}

}  // namespace

Conversation::Conversation(net::Network& network, const Clock& clock, ConversationOptions options)
    : network_(network), clock_(clock), options_(std::move(options)), buffer_(kReadBytes) {}

Conversation::~Conversation() = default;

Task<std::optional<Outcome>> Conversation::connect(net::Endpoint endpoint, std::string host_name,
                                                   Deadline deadline) {
  const bool throws = co_await stop_throwing();
  endpoint_ = endpoint;
  host_name_ = std::move(host_name);
  const Deadline limit = deadline.sooner(Deadline::after(clock_, options_.call_timeout));
  co_await open(options_.session.tls, limit);
  const bool again = session_->tls_failed() && !limit.passed(clock_) &&
                     !cancelled(co_await asio::this_coro::cancellation_state);
  if (again) {
    earlier_trace_ = session_->trace();
    if (stream_) stream_->close();
    stream_.reset();
    co_await open(TlsPolicy::kNever, limit);
  }
  co_await leave_unless_usable();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return session_->ending();
}

Task<void> Conversation::open(TlsPolicy tls, Deadline deadline) {
  SessionOptions settings = options_.session;
  settings.tls = tls;
  session_.emplace(std::move(settings));
  replies_seen_ = 0;
  auto stream =
      co_await network_.connect(endpoint_, options_.connect,
                                deadline.sooner(Deadline::after(clock_, options_.connect_timeout)));
  if (!stream) {
    session_->resume(failed(std::move(stream.error()), false));
    co_return;
  }
  stream_ = std::move(*stream);
  peer_ = stream_->peer();
  reply_due_ = Deadline::after(clock_, options_.banner_timeout);
  co_await drive({.kind = Event::Kind::kConnected}, deadline);
}

Task<void> Conversation::ask(std::vector<std::string> recipients, Deadline deadline,
                             OnOutcome on_outcome, StillWanted still_wanted) {
  const bool throws = co_await stop_throwing();
  const auto count = static_cast<Milliseconds::rep>(recipients.size());
  const Deadline limit = deadline.sooner(
      Deadline::after(clock_, options_.call_timeout + count * options_.timeout_per_recipient));
  if (!session_) {
    session_.emplace(options_.session);
    session_->resume(failed({Errc::kConnectionLost, "there is no connection"}, false));
  }
  on_outcome_ = std::move(on_outcome);
  session_->add(std::move(recipients), std::move(still_wanted));
  hand_over_outcomes();
  if (session_->usable()) co_await drive({.kind = Event::Kind::kResume}, limit);
  on_outcome_ = {};
  co_await leave_unless_usable();
  co_await asio::this_coro::throw_if_cancelled(throws);
}

void Conversation::hand_over_outcomes() {
  for (RecipientOutcome& outcome : session_->take_outcomes()) on_outcome_(std::move(outcome));
}

Task<void> Conversation::drive(Event event, Deadline deadline) {
  for (;;) {
    Action action = session_->resume(event);
    hand_over_outcomes();
    if (action.kind == Action::Kind::kIdle || action.kind == Action::Kind::kClose) co_return;
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      event = failed({Errc::kCancelled, "the conversation was cancelled"}, true);
      continue;
    }
    event = co_await carry_out(std::move(action), deadline);
  }
}

Task<Event> Conversation::carry_out(Action action, Deadline deadline) {
  if (action.kind == Action::Kind::kRead) {
    if (session_->replies_taken() != replies_seen_) {
      replies_seen_ = session_->replies_taken();
      reply_due_ = Deadline::after(clock_, options_.command_timeout);
    }
    auto size = co_await stream_->read_some(buffer_, deadline.sooner(reply_due_));
    if (size) co_return Event{Event::Kind::kReceived, {buffer_.data(), *size}, {}, false};
    const Errc code = size.error().code;
    co_return failed(std::move(size.error()), code == Errc::kTimeout || code == Errc::kCancelled);
  }
  const Deadline due = deadline.sooner(Deadline::after(clock_, options_.command_timeout));
  reply_due_ = Deadline::after(clock_, options_.command_timeout);
  if (action.kind == Action::Kind::kWrite) {
    auto written = co_await stream_->write_all(action.bytes, due);
    if (!written) co_return failed(std::move(written.error()), false);
    reply_due_ = Deadline::after(clock_, options_.command_timeout);
    co_return Event{.kind = Event::Kind::kWritten};
  }
  auto started = co_await stream_->start_tls(host_name_, net::TlsVerification::kOpportunistic, due);
  if (!started) co_return failed(std::move(started.error()), false);
  co_return Event{.kind = Event::Kind::kTlsStarted};
}

Task<void> Conversation::leave_unless_usable() {
  if (!session_->usable()) co_await quit();
}

// In a coroutine thread of its own, which a cancellation of the caller does not reach.
Task<void> Conversation::quit() {
  if (!stream_) co_return;
  const bool throws = co_await stop_throwing();
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::co_spawn(
      executor, take_leave(),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  co_await asio::this_coro::throw_if_cancelled(throws);
}

Task<void> Conversation::take_leave() {
  const Deadline due = Deadline::after(clock_, options_.quit_timeout);
  reply_due_ = due;
  co_await drive({.kind = Event::Kind::kQuit}, due);
  if (stream_) stream_->close();
  stream_.reset();
}

std::vector<std::string> Conversation::trace() const {
  std::vector<std::string> lines = earlier_trace_;
  if (session_) lines.insert(lines.end(), session_->trace().begin(), session_->trace().end());
  return lines;
}

}  // namespace verihook::smtp
