// Deadline: the moment by which a piece of work must have ended. Passed down unchanged, so that
// steps share one budget; a step with a limit of its own takes
// `deadline.sooner(Deadline::after(...))`.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace verihook {

class Deadline {
 public:
  static Deadline never() { return Deadline{MonotonicTime::max()}; }
  static Deadline at(MonotonicTime time) { return Deadline{time}; }
  static Deadline after(const Clock& clock, Milliseconds delay) {
    return Deadline{clock.monotonic_now() + delay};
  }

  MonotonicTime time() const { return at_; }
  bool is_never() const { return at_ == MonotonicTime::max(); }
  bool passed(const Clock& clock) const { return clock.monotonic_now() >= at_; }
  Deadline sooner(Deadline other) const { return Deadline{std::min(at_, other.at_)}; }

  // Zero when passed; a very long time for never().
  Milliseconds time_left(const Clock& clock) const {
    if (is_never()) return Milliseconds::max();
    const auto left = at_ - clock.monotonic_now();
    return std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(left));
  }

 private:
  explicit Deadline(MonotonicTime at) : at_(at) {}
  MonotonicTime at_;
};

}  // namespace verihook
