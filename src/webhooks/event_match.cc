#include "webhooks/event_match.h"

#include <algorithm>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace verihook::webhooks {

namespace {

namespace json = boost::json;

constexpr std::size_t kFilterBytesMax = 128;
constexpr std::size_t kMetadataMembersMax = 20;

bool matches(std::string_view event_type, std::string_view filter) {
  if (filter == "*") return true;
  if (!filter.ends_with(".*")) return event_type == filter;
  filter.remove_suffix(1);
  return event_type.size() > filter.size() && event_type.starts_with(filter);
}

bool is_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

}  // namespace

bool event_matches(std::string_view event_type, std::span<const std::string> filters) {
  return std::ranges::any_of(
      filters, [&](const std::string& filter) { return matches(event_type, filter); });
}

bool metadata_matches(std::string_view payload, std::string_view filter) {
  if (filter == "{}") return true;
  boost::system::error_code error;
  const json::value wanted = json::parse(filter, error);
  if (error || !wanted.is_object()) return false;
  const json::value event = json::parse(payload, error);
  if (error || !event.is_object()) return false;
  const json::value* metadata = event.get_object().if_contains("metadata");
  if (metadata == nullptr || !metadata->is_object()) return false;
  return std::ranges::all_of(wanted.get_object(), [&](const json::key_value_pair& member) {
    const json::value* value = metadata->get_object().if_contains(member.key());
    return value != nullptr && *value == member.value();
  });
}

Result<void> check_metadata_filter(const json::value& filter) {
  const auto is_scalar = [](const json::key_value_pair& member) {
    return !member.value().is_object() && !member.value().is_array();
  };
  const bool good = filter.is_object() && filter.get_object().size() <= kMetadataMembersMax &&
                    std::ranges::all_of(filter.get_object(), is_scalar);
  if (good) return {};
  return fail(
      Errc::kInvalidArgument,
      "metadata_filter must be an object of at most 20 members, each a text, a number, true, "
      "false or null");
}

Result<void> check_event_filter(std::string_view filter) {
  std::string_view names = filter;
  if (names.ends_with(".*")) names.remove_suffix(2);
  const bool good = filter == "*" || (filter.size() <= kFilterBytesMax &&
                                      std::ranges::all_of(split(names, '.'), is_name));
  if (good) return {};
  return fail(Errc::kInvalidArgument,
              "An event filter is \"*\", a type such as \"bulk.completed\" or a group such as "
              "\"bulk.*\".");
}

}  // namespace verihook::webhooks
