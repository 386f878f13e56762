#include "delivery/circuit_breaker.h"

#include <algorithm>
#include <array>

namespace verihook::delivery {
namespace {

constexpr int kRampMax = 1 << 20;

}  // namespace

std::string_view to_string(BreakerState state) {
  constexpr std::array<std::string_view, 3> kNames = {"closed", "open", "half_open"};
  return kNames[static_cast<std::size_t>(state)];
}

BreakerState CircuitBreaker::state(MonotonicTime now) const {
  if (!tripped_) return BreakerState::kClosed;
  return now < probe_at_ ? BreakerState::kOpen : BreakerState::kHalfOpen;
}

int CircuitBreaker::limit(MonotonicTime now, int max_in_flight) const {
  switch (state(now)) {
    case BreakerState::kOpen:
      return 0;
    case BreakerState::kHalfOpen:
      return 1;
    case BreakerState::kClosed:
      break;
  }
  return std::clamp(ramp_, 1, std::max(1, max_in_flight));
}

std::optional<MonotonicTime> CircuitBreaker::open_until(MonotonicTime now) const {
  if (state(now) != BreakerState::kOpen) return std::nullopt;
  return probe_at_;
}

void CircuitBreaker::on_success() {
  last_success_ = true;
  failures_ = 0;
  tripped_ = false;
  ramp_ = std::min(ramp_ * options_.ramp_factor, kRampMax);
}

void CircuitBreaker::on_failure(MonotonicTime now) {
  last_success_ = false;
  ++failures_;
  if (state(now) == BreakerState::kOpen) return;  // an attempt from before it opened
  if (!tripped_ && failures_ < options_.failures_to_open) return;
  tripped_ = true;
  ramp_ = 1;
  probe_at_ = now + options_.open_ms;
}

}  // namespace verihook::delivery
