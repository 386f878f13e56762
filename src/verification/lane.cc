#include "verification/lane.h"

#include <algorithm>

namespace verihook::verification {
namespace {

using smtp::ReplyClass;

constexpr Milliseconds kMinute{60'000};
constexpr Milliseconds kThrottledPause = kMinute;
constexpr Milliseconds kPauseMax = 240 * kMinute;
constexpr Milliseconds kGrowthInterval = kMinute;
constexpr int kRefusalsBeforeClosing = 5;
constexpr int kDoublingsMax = 5;

}  // namespace

bool is_about_us(ReplyClass reply_class) {
  return reply_class == ReplyClass::kBlocked || reply_class == ReplyClass::kNeedsReverseDns ||
         reply_class == ReplyClass::kSenderRejected || reply_class == ReplyClass::kThrottled;
}

Lane::Lane(TrafficLimits limits)
    : limits_(limits),
      connections_max_(limits.connections_max),
      recipients_max_(limits.recipients_per_connection_max),
      tokens_(static_cast<double>(limits.connections_per_minute_max)) {}

void Lane::refill(MonotonicTime now) {
  const auto most = static_cast<double>(limits_.connections_per_minute_max);
  if (refilled_at_) {
    const std::chrono::duration<double> passed = now - *refilled_at_;
    tokens_ = std::min(most, tokens_ + passed.count() * most / 60.0);
  }
  refilled_at_ = now;
}

Lane::Answer Lane::ask(MonotonicTime now) {
  if (closed(now)) return {Turn::kClosed, closed_until_};
  if (closed_until_) {
    half_open_ = true;
    closed_until_.reset();
  }
  const std::size_t allowed = half_open_ ? 1 : connections_max_;
  if (open_ >= allowed) return {Turn::kWait};
  refill(now);
  if (tokens_ < 1.0) {
    const double per_second = static_cast<double>(limits_.connections_per_minute_max) / 60.0;
    const auto wait = std::chrono::duration<double>((1.0 - tokens_) / per_second);
    return {Turn::kWait, now + std::chrono::duration_cast<Milliseconds>(wait) + Milliseconds{1}};
  }
  tokens_ -= 1.0;
  ++open_;
  return {Turn::kGo};
}

void Lane::end(MonotonicTime now) {
  --open_;
  if (connections_max_ >= limits_.connections_max || half_open_) return;
  if (!grown_at_ || now - *grown_at_ >= kGrowthInterval) {
    grown_at_ = now;
    ++connections_max_;
  }
}

void Lane::greeted() {
  half_open_ = false;
  times_closed_ = 0;
}

void Lane::refused(ReplyClass why, std::optional<Milliseconds> named, const smtp::Outcome& outcome,
                   MonotonicTime now) {
  last_refusal_ = std::make_unique<smtp::Outcome>(outcome);
  if (why == ReplyClass::kThrottled && open_ > 1) {
    connections_max_ = std::min(connections_max_, open_ - 1);
    grown_at_ = now;
  } else if (why == ReplyClass::kThrottled) {
    connections_max_ = 1;
    grown_at_ = now;
    close(named.value_or(kThrottledPause), now);
  } else {
    close(limits_.pause_ms, now);
  }
}

void Lane::close(Milliseconds pause, MonotonicTime now) {
  // Several connections may be refused at the same time: that is one refusal.
  if (closed(now)) return;
  const Milliseconds longer = pause * (1 << std::min(times_closed_, kDoublingsMax));
  closed_until_ = now + std::min(longer, std::max(pause, kPauseMax));
  half_open_ = false;
  refusals_in_a_row_ = 0;
  ++times_closed_;
}

void Lane::answered(ReplyClass what, const smtp::Outcome& outcome, MonotonicTime now) {
  if (!is_about_us(what)) {
    refusals_in_a_row_ = 0;
  } else if (++refusals_in_a_row_ >= kRefusalsBeforeClosing) {
    refused(what, std::nullopt, outcome, now);
  }
}

void Lane::cut_short(std::size_t recipients) {
  recipients_max_ = std::clamp<std::size_t>(recipients, 1, recipients_max_);
}

void Lane::had_enough() {
  const std::size_t grown = recipients_max_ + std::max<std::size_t>(1, recipients_max_ / 4);
  recipients_max_ = std::min(limits_.recipients_per_connection_max, grown);
}

}  // namespace verihook::verification
