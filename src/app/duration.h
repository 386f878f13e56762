// Duration: a length of time as people write it in a configuration: "90s", "6m", "2h", "500ms".
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace verihook::app {

struct Duration {
  // From 1 ms to 30 days; kInvalidArgument else.
  static Result<Duration> parse(std::string_view text);
  // In the largest unit that divides it.
  std::string to_string() const;

  Milliseconds value{0};

  bool operator==(const Duration&) const = default;
};

}  // namespace verihook::app
