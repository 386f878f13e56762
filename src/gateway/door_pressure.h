// DoorPressure: whether the door must stay shut for a while because what was taken already is not
// dealt with, or because the disk is nearly full. Decided from figures that somebody measures at
// intervals; shut at a limit and open again well on the right side of it, so that it does not flap.
// A request that finds it shut is answered with 503 before anything of it is read, and its sender
// tries again. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace verihook::gateway {

struct PressureLimits {
  std::optional<Milliseconds> queue_age_max;         // nothing: whatever it is
  std::optional<std::uint64_t> disk_free_bytes_min;  // likewise
};

struct PressureFigures {
  Milliseconds queue_age{0};                     // how late the oldest due delivery is
  std::optional<std::uint64_t> disk_free_bytes;  // nothing: cannot be told
};

class DoorPressure {
 public:
  explicit DoorPressure(PressureLimits limits) : limits_(limits) {}

  void update(const PressureFigures& figures) {
    if (limits_.queue_age_max) {
      const Milliseconds limit = old_ ? *limits_.queue_age_max / 2 : *limits_.queue_age_max;
      old_ = figures.queue_age > limit;
    }
    if (limits_.disk_free_bytes_min && figures.disk_free_bytes) {
      const std::uint64_t least = *limits_.disk_free_bytes_min * (full_ ? 2 : 1);
      full_ = *figures.disk_free_bytes < least;
    }
  }

  bool is_shut() const { return old_ || full_; }
  // For the log.
  std::string_view reason() const {
    return full_ ? "the disk is nearly full" : old_ ? "deliveries are late" : "";
  }

 private:
  const PressureLimits limits_;
  bool old_ = false;
  bool full_ = false;
};

}  // namespace verihook::gateway
