#include "webhooks/event_match.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::webhooks {

namespace {

constexpr std::size_t kFilterBytesMax = 128;

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
