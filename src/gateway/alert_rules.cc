#include "gateway/alert_rules.h"

#include <algorithm>

namespace verihook::gateway {

Figure judge_share(std::int64_t part, std::int64_t whole, std::int64_t whole_min,
                   double share_max) {
  if (whole < std::max<std::int64_t>(1, whole_min)) return Figure::kBetween;
  const double share = static_cast<double>(part) / static_cast<double>(whole);
  if (share > share_max) return Figure::kBad;
  return share <= share_max / 2 ? Figure::kGood : Figure::kBetween;
}

Figure judge_lateness(Milliseconds oldest_due_age, Milliseconds late_max) {
  if (oldest_due_age > late_max) return Figure::kBad;
  return oldest_due_age <= late_max / 2 ? Figure::kGood : Figure::kBetween;
}

Figure judge_dead_letters(std::int64_t count, std::int64_t count_max) {
  return count > count_max ? Figure::kBad : Figure::kGood;
}

std::optional<Milliseconds> silence_after(std::span<const WallTime> times,
                                          std::optional<Milliseconds> own,
                                          const AlertLimits& limits) {
  if (own) return own->count() > 0 && !times.empty() ? own : std::nullopt;
  if (times.size() < kHabitEventsMin || limits.silence_factor <= 0) return std::nullopt;
  Milliseconds longest{0};
  for (std::size_t i = 1; i < times.size(); ++i) {
    longest = std::max(longest, times[i - 1] - times[i]);
  }
  const Milliseconds usual{
      static_cast<std::int64_t>(static_cast<double>(longest.count()) * limits.silence_factor)};
  return std::max(limits.silence_min_ms, usual);
}

}  // namespace verihook::gateway
