#include "app/duration.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t ms = 1;
};
// Longest first; "ms" is told from "m" and "s" by its letters, not by its place.
constexpr std::array kUnits = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                               Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::uint64_t kMsMax = 30 * kUnits[0].ms;

}  // namespace

Result<Duration> Duration::parse(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const auto number = parse_u64(text.substr(0, digits));
  const std::string_view name = digits == text.npos ? "" : text.substr(digits);
  for (const Unit& unit : kUnits) {
    if (unit.name != name || !number || *number == 0 || *number > kMsMax / unit.ms) continue;
    return Duration{Milliseconds(static_cast<Milliseconds::rep>(*number * unit.ms))};
  }
  return fail(Errc::kInvalidArgument,
              "must be a number and a unit (ms, s, m, h, d), up to 30d, like 90s or 6m");
}

std::string Duration::to_string() const {
  const auto ms = static_cast<std::uint64_t>(value.count());
  for (const Unit& unit : kUnits) {
    if (ms % unit.ms == 0) return fmt::format("{}{}", ms / unit.ms, unit.name);
  }
  return fmt::format("{}ms", ms);
}

}  // namespace verihook::app
