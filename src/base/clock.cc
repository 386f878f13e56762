#include "base/clock.h"

#include <algorithm>
#include <array>

#include "base/iso8601.h"

namespace verihook {
namespace {

constexpr WallTime kVirtualEpoch{Milliseconds{1'767'225'600'000}};  // 2026-01-01T00:00:00Z

// What four digits of a year can write.
constexpr WallTime kFirstTime = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr WallTime kEndOfTime = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};

// Reads exactly `digits` decimal digits from the front of `text`, or nothing.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// The fraction of a second in milliseconds; digits past the third are cut, not rounded.
std::optional<int> take_fraction_ms(std::string_view& text) {
  if (!take_char(text, '.')) return 0;
  int value = 0;
  std::size_t count = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (count < 3) value = value * 10 + (text.front() - '0');
    ++count;
    text.remove_prefix(1);
  }
  if (count == 0 || count > 9) return std::nullopt;
  for (; count < 3; ++count) value *= 10;
  return value;
}

// `count` digits and what follows them.
void write_digits(char* to, auto value, int count, char then) {
  for (int i = count - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  to[count] = then;
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take_char(text, 'Z') || take_char(text, 'z')) return std::chrono::minutes{0};
  const int sign = take_char(text, '+') ? 1 : take_char(text, '-') ? -1 : 0;
  if (sign == 0) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::minutes{sign * (*hours * 60 + *minutes)};
}

}  // namespace

WallTime SystemClock::wall_now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic_now() const { return std::chrono::steady_clock::now(); }

WallTime VirtualClock::wall_now() const {
  return kVirtualEpoch +
         std::chrono::floor<Milliseconds>(std::chrono::nanoseconds{elapsed_ns_.load()});
}

MonotonicTime VirtualClock::monotonic_now() const {
  return MonotonicTime{std::chrono::nanoseconds{elapsed_ns_.load()}};
}

void append_iso8601(std::string& out, WallTime time) {
  const WallTime shown = std::clamp(time, kFirstTime, kEndOfTime - Milliseconds{1});
  const auto day = std::chrono::floor<std::chrono::days>(shown);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{shown - day};
  std::array<char, 24> text = {};
  write_digits(&text[0], static_cast<int>(date.year()), 4, '-');
  write_digits(&text[5], static_cast<unsigned>(date.month()), 2, '-');
  write_digits(&text[8], static_cast<unsigned>(date.day()), 2, 'T');
  write_digits(&text[11], clock.hours().count(), 2, ':');
  write_digits(&text[14], clock.minutes().count(), 2, ':');
  write_digits(&text[17], clock.seconds().count(), 2, '.');
  write_digits(&text[20], clock.subseconds().count(), 3, 'Z');
  out.append(text.data(), text.size());
}

std::string to_iso8601(WallTime time) {
  std::string text;
  append_iso8601(text, time);
  return text;
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !(take_char(text, 'T') || take_char(text, 't') || take_char(text, ' '))) {
    return std::nullopt;
  }
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take_char(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second
  const auto fraction_ms = take_fraction_ms(text);
  if (!fraction_ms) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const WallTime time = std::chrono::sys_days{date} + std::chrono::hours{*hour} +
                        std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
                        Milliseconds{*fraction_ms} - *offset;
  // An offset, or a leap second, may lead out of the years that can be written.
  if (time < kFirstTime || time >= kEndOfTime) return std::nullopt;
  return time;
}

}  // namespace verihook
