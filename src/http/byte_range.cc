#include "http/byte_range.h"

#include <algorithm>

#include "base/text.h"

namespace verihook::http {

bool asks_for_range(const Headers& headers, std::string_view etag) {
  if (headers.count("Range") != 1) return false;
  const auto only_of = headers.get("If-Range");
  return !only_of || trim(*only_of) == etag;
}

Wanted parse_range(std::string_view field, std::uint64_t size, ByteRange& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!equals_ignoring_case(field.substr(0, kUnit.size()), kUnit)) return Wanted::kWhole;
  const std::string_view spec = trim(field.substr(kUnit.size()));
  const auto dash = spec.find('-');
  if (dash == spec.npos) return Wanted::kWhole;
  const std::string_view begin = trim(spec.substr(0, dash));
  const std::string_view end = trim(spec.substr(dash + 1));
  const auto first = parse_u64(begin);
  const auto last = parse_u64(end);
  if ((!begin.empty() && !first) || (!end.empty() && !last) || (!first && !last) ||
      (first && last && *last < *first)) {
    return Wanted::kWhole;
  }
  if (!first) {
    if (*last == 0 || size == 0) return Wanted::kNotSatisfiable;
    range = {size - std::min(*last, size), size - 1};
    return Wanted::kRange;
  }
  if (*first >= size) return Wanted::kNotSatisfiable;
  range = {*first, std::min(last.value_or(size - 1), size - 1)};
  return Wanted::kRange;
}

bool has_already(const Headers& headers, std::string_view etag) {
  for (const auto& [name, value] : headers.fields()) {
    if (!equals_ignoring_case(name, "if-none-match")) continue;
    for (const std::string_view part : split(value, ',')) {
      std::string_view tag = trim(part);
      if (tag == "*") return true;
      if (tag.starts_with("W/")) tag.remove_prefix(2);
      if (tag == etag) return true;
    }
  }
  return false;
}

}  // namespace verihook::http
