// Time, in two kinds that do not mix. WallTime is for what people and other programs read (stored
// as milliseconds since 1970, UTC); MonotonicTime is for timeouts and never jumps. Both come from a
// Clock that is handed in, so that tests can drive a VirtualClock. A Clock may be read by any
// thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace verihook {

using Milliseconds = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Milliseconds>;
using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;
  virtual MonotonicTime monotonic_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall_now() const override;
  MonotonicTime monotonic_now() const override;
};

// A clock that stands still until the test advances it. Starts at 2026-01-01T00:00:00Z.
class VirtualClock final : public Clock {
 public:
  WallTime wall_now() const override;
  MonotonicTime monotonic_now() const override;

  void advance(std::chrono::nanoseconds by) { elapsed_ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> elapsed_ns_ = 0;
};

// Milliseconds since 1970: the form in which times are stored.
inline std::int64_t to_unix_ms(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime from_unix_ms(std::int64_t ms) { return WallTime{Milliseconds{ms}}; }

// ISO 8601 in UTC with milliseconds, e.g. "2026-01-15T10:30:00.000Z": the form of JavaScript's
// Date.prototype.toISOString, which is what receivers of our payloads produce and read.
std::string to_iso8601(WallTime time);

// Reads RFC 3339 date-times ("Z" or a numeric offset, any number of fraction digits); nothing else.
std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace verihook
