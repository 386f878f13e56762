#include "delivery/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <time.h>

#include "base/text.h"

namespace verihook::delivery {
namespace {

// The date forms of RFC 9110, 5.6.7, the first of which is the one in use.
constexpr std::array<const char*, 3> kHttpDateForms = {
    "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};

std::optional<WallTime> parse_http_date(const std::string& text) {
  for (const char* form : kHttpDateForms) {
    tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    return WallTime{std::chrono::seconds{timegm(&parts)}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<WallTime> next_attempt(std::span<const Milliseconds> schedule,
                                     std::int64_t attempt_number, WallTime now,
                                     std::optional<Milliseconds> retry_after, Random& random) {
  if (attempt_number < 1) attempt_number = 1;
  if (static_cast<std::uint64_t>(attempt_number) > schedule.size()) return std::nullopt;
  const Milliseconds delay = schedule[static_cast<std::size_t>(attempt_number - 1)];
  const double factor = 1.0 - kScheduleJitter + 2 * kScheduleJitter * random.unit();
  const Milliseconds jittered{std::llround(static_cast<double>(delay.count()) * factor)};
  const Milliseconds hint =
      std::clamp(retry_after.value_or(Milliseconds{0}), Milliseconds{0}, kRetryAfterMax);
  return now + std::max(jittered, hint);
}

std::optional<Milliseconds> parse_retry_after(std::string_view header, WallTime now) {
  header = trim(header);
  if (header.empty() || header.size() > 64) return std::nullopt;
  if (std::ranges::all_of(header, is_digit)) {
    const std::uint64_t cap = std::chrono::ceil<std::chrono::seconds>(kRetryAfterMax).count();
    // A number too long to read is a long wait all the same.
    return std::chrono::seconds{std::min(parse_u64(header).value_or(cap), cap)};
  }
  const std::optional<WallTime> date = parse_http_date(std::string(header));
  if (!date) return std::nullopt;
  return std::clamp<Milliseconds>(*date - now, Milliseconds{0}, kRetryAfterMax);
}

}  // namespace verihook::delivery
