#include "webhooks/body_timestamp.h"

#include <array>
#include <cmath>
#include <optional>

#include <boost/json/object.hpp>

namespace verihook::webhooks {

namespace {

constexpr double kFirstMillisecondValue = 1e11;
constexpr double kLastMillisecondValue = 8.64e15;  // the last moment of a JavaScript Date

std::optional<WallTime> read_time(const boost::json::value& value) {
  if (value.is_string()) {
    const auto& text = value.get_string();
    return parse_iso8601({text.data(), text.size()});
  }
  if (!value.is_number()) return std::nullopt;
  const double number = value.to_number<double>();
  const double milliseconds = number < kFirstMillisecondValue ? number * 1000 : number;
  if (!(milliseconds >= 0 && milliseconds <= kLastMillisecondValue)) return std::nullopt;
  return from_unix_ms(static_cast<std::int64_t>(milliseconds));
}

const boost::json::value* find_member(const boost::json::value& body, std::string_view member) {
  const auto* object = body.if_object();
  return object == nullptr ? nullptr : object->if_contains(member);
}

}  // namespace

std::string_view to_string(BodyTimestamp verdict) {
  constexpr std::array<std::string_view, 4> kNames = {"ok", "missing", "malformed", "stale"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::optional<WallTime> body_timestamp(const boost::json::value& body, std::string_view member) {
  const auto* value = find_member(body, member);
  return value == nullptr ? std::nullopt : read_time(*value);
}

BodyTimestamp check_body_timestamp(const boost::json::value& body, WallTime now,
                                   const BodyTimestampRule& rule) {
  const auto* value = find_member(body, rule.member);
  if (value == nullptr || value->is_null()) {
    return rule.required ? BodyTimestamp::kMissing : BodyTimestamp::kOk;
  }
  const auto time = read_time(*value);
  if (!time) return BodyTimestamp::kMalformed;
  const Milliseconds away = *time < now ? now - *time : *time - now;
  return away <= rule.tolerance ? BodyTimestamp::kOk : BodyTimestamp::kStale;
}

}  // namespace verihook::webhooks
