// When a delivery is tried again. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "model/destination.h"

namespace verihook::delivery {

inline constexpr double kScheduleJitter = 0.2;  // ±, of the delay
inline constexpr Milliseconds kRetryAfterMax = std::chrono::hours{12};

// When to try again after attempt `attempt_number` (from 1) failed at `now`: the scheduled delay
// with its jitter, or the receiver's hint when that is later, but never more than kRetryAfterMax
// for a hint. Nothing when the schedule is exhausted.
std::optional<WallTime> next_attempt(std::span<const Milliseconds> schedule,
                                     std::int64_t attempt_number, WallTime now,
                                     std::optional<Milliseconds> retry_after, Random& random);

// Retry-After (RFC 9110, 10.2.3): seconds, or a date in any of the three forms of HTTP. A date that
// has passed is zero. Nothing when it is neither.
std::optional<Milliseconds> parse_retry_after(std::string_view header, WallTime now);

}  // namespace verihook::delivery
