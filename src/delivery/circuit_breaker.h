// CircuitBreaker: how much an endpoint may be asked, judged by how it answered. Closed lets through
// what the ramp allows; after so many failures in a row it opens and lets nothing through for a
// while; then one probe decides between another wait and a ramp of 2, 4, 8, … at once. A breaker
// that has seen nothing yet starts at the bottom of the ramp, so that an unknown endpoint that
// turns out to be dead holds one place and not ten. Pure; the caller gives the time and never lets
// more than `limit` attempts run.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace verihook::delivery {

struct BreakerOptions {
  int failures_to_open = 5;      // in a row
  Milliseconds open_ms{60'000};  // before a probe
  int ramp_start = 1;            // attempts at once of an endpoint that has not answered yet
  int ramp_factor = 2;           // after each success
};

enum class BreakerState {
  kClosed,    // attempts pass, as many as the ramp allows
  kOpen,      // nothing passes until `opens_until`
  kHalfOpen,  // one probe at a time
};
std::string_view to_string(BreakerState state);

class CircuitBreaker {
 public:
  explicit CircuitBreaker(BreakerOptions options = {})
      : options_(options), ramp_(options.ramp_start) {}

  BreakerState state(MonotonicTime now) const;
  // How many attempts may run at once now, at most `max_in_flight`.
  int limit(MonotonicTime now, int max_in_flight) const;
  // When an open breaker lets its probe through; nothing when it is not open.
  std::optional<MonotonicTime> open_until(MonotonicTime now) const;

  void on_success();
  void on_failure(MonotonicTime now);

  // Whether the last answer was a success; nothing before the first answer.
  std::optional<bool> last_success() const { return last_success_; }
  int failures_in_a_row() const { return failures_; }

 private:
  BreakerOptions options_;
  int failures_ = 0;
  int ramp_;
  bool tripped_ = false;  // open or half open
  MonotonicTime probe_at_{};
  std::optional<bool> last_success_;
};

}  // namespace verihook::delivery
