#include "smtp/client.h"

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

namespace verihook::smtp {
namespace {

// Replies are short; of the long ones, the next read has the rest. Every open conversation has one.
constexpr std::size_t kReadBytes = 256;

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

Conversation::Conversation(net::Network& network, const Clock& clock,
                           std::shared_ptr<const ConversationOptions> options, MailServer server)
    : network_(network),
      clock_(clock),
      options_(std::move(options)),
      server_(std::move(server)),
      buffer_(kReadBytes) {}

Conversation::~Conversation() = default;

Task<bool> Conversation::connect(Deadline deadline) {
  const bool throws = co_await stop_throwing();
  const Deadline limit = deadline.sooner(Deadline::after(clock_, options_->call_timeout));
  co_await open(options_->session.tls, limit);
  if (stream_) co_await drive(limit);
  const bool again = session_->tls_failed() && !limit.passed(clock_) &&
                     !cancelled(co_await asio::this_coro::cancellation_state);
  if (again) {
    earlier_trace_ = session_->trace();
    if (stream_) stream_->close();
    stream_.reset();
    co_await open(TlsPolicy::kNever, limit);
    if (stream_) co_await drive(limit);
  }
  co_await leave_unless_usable();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return session_->usable();
}

// A session, and the stream for it.
Task<void> Conversation::open(TlsPolicy tls, Deadline deadline) {
  session_.emplace(std::shared_ptr<const SessionOptions>(options_, &options_->session), tls);
  replies_seen_ = 0;
  auto stream = co_await network_.connect(
      server_.endpoint, options_->connect,
      deadline.sooner(Deadline::after(clock_, options_->connect_timeout)));
  if (!stream) {
    session_->resume(failed(std::move(stream.error()), false));
    co_return;
  }
  stream_ = std::move(*stream);
  peer_ = stream_->peer();
  reply_due_ = Deadline::after(clock_, options_->banner_timeout);
  event_ = {.kind = Event::Kind::kConnected};
}

Task<void> Conversation::ask(std::vector<std::string> recipients, Deadline deadline,
                             OnOutcome on_outcome, StillWanted still_wanted) {
  const auto count = static_cast<Milliseconds::rep>(recipients.size());
  const Deadline limit = deadline.sooner(
      Deadline::after(clock_, options_->call_timeout + count * options_->timeout_per_recipient));
  if (!session_) {
    session_.emplace(options_->session);
    session_->resume(failed({Errc::kConnectionLost, "there is no connection"}, false));
  }
  on_outcome_ = std::move(on_outcome);
  session_->add(std::move(recipients), std::move(still_wanted));
  return ask_added(limit);
}

Task<void> Conversation::ask_added(Deadline deadline) {
  const bool throws = co_await stop_throwing();
  hand_over_outcomes();
  event_ = {.kind = Event::Kind::kResume};
  if (session_->usable()) co_await drive(deadline);
  on_outcome_ = {};
  co_await leave_unless_usable();
  co_await asio::this_coro::throw_if_cancelled(throws);
}

void Conversation::hand_over_outcomes() {
  for (RecipientOutcome& outcome : session_->take_outcomes()) on_outcome_(std::move(outcome));
}

Task<void> Conversation::drive(Deadline deadline) {
  for (;;) {
    Action action = session_->resume(event_);
    hand_over_outcomes();
    if (action.kind == Action::Kind::kIdle || action.kind == Action::Kind::kClose) co_return;
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      event_ = failed({Errc::kCancelled, "the conversation was cancelled"}, true);
    } else if (action.kind == Action::Kind::kRead) {
      co_await receive(deadline);
    } else if (action.kind == Action::Kind::kWrite) {
      co_await send(std::move(action.bytes), deadline);
    } else {
      co_await start_tls(deadline);
    }
  }
}

Task<void> Conversation::receive(Deadline deadline) {
  if (session_->replies_taken() != replies_seen_) {
    replies_seen_ = session_->replies_taken();
    reply_due_ = command_due();
  }
  auto size = co_await stream_->read_some(buffer_, deadline.sooner(reply_due_));
  if (size) {
    event_ = {.kind = Event::Kind::kReceived, .bytes = {buffer_.data(), *size}};
    co_return;
  }
  const Errc code = size.error().code;
  event_ = failed(std::move(size.error()), code == Errc::kTimeout || code == Errc::kCancelled);
}

Task<void> Conversation::send(std::string bytes, Deadline deadline) {
  reply_due_ = command_due();
  auto written = co_await stream_->write_all(bytes, deadline.sooner(reply_due_));
  reply_due_ = command_due();
  event_ =
      written ? Event{.kind = Event::Kind::kWritten} : failed(std::move(written.error()), false);
}

Task<void> Conversation::start_tls(Deadline deadline) {
  reply_due_ = command_due();
  auto started = co_await stream_->start_tls(server_.name, net::TlsVerification::kOpportunistic,
                                             deadline.sooner(reply_due_));
  event_ =
      started ? Event{.kind = Event::Kind::kTlsStarted} : failed(std::move(started.error()), false);
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
  const Deadline due = Deadline::after(clock_, options_->quit_timeout);
  reply_due_ = due;
  event_ = {.kind = Event::Kind::kQuit};
  co_await drive(due);
  if (stream_) stream_->close();
  stream_.reset();
}

std::vector<std::string> Conversation::trace() const {
  std::vector<std::string> lines = earlier_trace_;
  if (session_) lines.insert(lines.end(), session_->trace().begin(), session_->trace().end());
  return lines;
}

}  // namespace verihook::smtp
