// AlertRules: when somebody should be told, decided from figures alone: too many failures, work
// that is late, dead letters, a source that has fallen silent, a source that refuses what it used
// to accept. Each figure is bad, good, or between the two, where what was said last stays said, so
// that a figure on the edge does not raise and clear by turns. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"

namespace verihook::gateway {

struct AlertLimits {
  Milliseconds window_ms{300'000};                      // of the shares below
  double failure_share_max = 0.10;                      // of all attempts in a window
  std::int64_t attempts_min = 20;                       // with fewer, the share says nothing
  Milliseconds late_max_ms{60'000};                     // of the oldest due delivery
  std::int64_t dead_letters_max = 0;                    // of a tenant
  Milliseconds silence_min_ms{std::chrono::hours{24}};  // of a source, whatever it was used to
  double silence_factor = 3;         // of the longest pause of late; 0: silence is no alert
  double rejected_share_max = 0.50;  // of a source's requests in a window
  std::int64_t rejected_min = 10;    // fewer refusals are no alert
};

enum class Figure {
  kGood,
  kBetween,
  kBad,
};

// Bad above the limit, good at half of it or less.
Figure judge_share(std::int64_t part, std::int64_t whole, std::int64_t whole_min, double share_max);
Figure judge_lateness(Milliseconds oldest_due_age, Milliseconds late_max);
Figure judge_dead_letters(std::int64_t count, std::int64_t count_max);

inline constexpr std::int64_t kRememberedEvents = 100;  // looked at to know a source's habit
inline constexpr std::size_t kHabitEventsMin = 5;       // with fewer there is none

// After how long a source that spoke at these times (newest first) is silent. `own` is what its
// owner says: zero for never. Nothing: it has no habit, or is to be left alone.
std::optional<Milliseconds> silence_after(std::span<const WallTime> times,
                                          std::optional<Milliseconds> own,
                                          const AlertLimits& limits);

}  // namespace verihook::gateway
