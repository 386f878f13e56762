#include "webhooks/canonical_json.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/text.h"
#include "webhooks/json_writer.h"
#include "webhooks/strict_json.h"

namespace verihook::webhooks {

namespace json = boost::json;

namespace {

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

// The number that a key is as an array index (ECMA-262 6.1.7), or nothing.
std::optional<std::uint64_t> array_index(std::string_view key) {
  if (key.empty() || key.size() > 10 || (key.size() > 1 && key.front() == '0')) return std::nullopt;
  const auto number = parse_u64(key);
  if (!number || *number >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return number;
}

void write(JsonWriter& writer, const json::value& value);

void write_members(JsonWriter& writer, const json::object& object) {
  std::vector<std::pair<std::uint64_t, const json::key_value_pair*>> indexed;
  for (const auto& member : object) {
    if (const auto index = array_index(view(member.key()))) indexed.emplace_back(*index, &member);
  }
  std::ranges::sort(indexed, {}, [](const auto& entry) { return entry.first; });
  for (const auto& [index, member] : indexed) {
    writer.key(view(member->key()));
    write(writer, member->value());
  }
  for (const auto& member : object) {
    if (!indexed.empty() && array_index(view(member.key()))) continue;
    writer.key(view(member.key()));
    write(writer, member.value());
  }
}

void write(JsonWriter& writer, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      writer.null();
      break;
    case json::kind::bool_:
      writer.value(value.get_bool());
      break;
    case json::kind::int64:
      writer.value(value.get_int64());
      break;
    case json::kind::uint64:
      writer.value(value.get_uint64());
      break;
    case json::kind::double_:
      writer.value(value.get_double());
      break;
    case json::kind::string:
      writer.value(view(value.get_string()));
      break;
    case json::kind::array:
      writer.begin_array();
      for (const json::value& element : value.get_array()) write(writer, element);
      writer.end_array();
      break;
    case json::kind::object:
      writer.begin_object();
      write_members(writer, value.get_object());
      writer.end_object();
      break;
  }
}

std::size_t depth_of(const json::value& value) {
  std::size_t deepest = 0;
  if (value.is_array()) {
    for (const json::value& element : value.get_array()) {
      deepest = std::max(deepest, depth_of(element));
    }
    return deepest + 1;
  }
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      deepest = std::max(deepest, depth_of(member.value()));
    }
    return deepest + 1;
  }
  return 0;
}

}  // namespace

std::string canonical(const json::value& value) {
  std::string text;
  JsonWriter writer(text);
  write(writer, value);
  return text;
}

Result<json::value> parse_metadata(std::string_view text) {
  JsonLimits limits;
  limits.depth_max = kMetadataDepthMax;
  limits.name = "metadata";
  TRY(metadata, parse_strict_json(text, limits));
  TRY_VOID(canonical_metadata(metadata));
  return std::move(metadata);
}

Result<std::string> canonical_metadata(const json::value& metadata) {
  if (metadata.is_null()) return "{}";
  if (!metadata.is_object()) {
    return fail(Errc::kInvalidArgument, "\"metadata\" must be a JSON object.");
  }
  if (depth_of(metadata) > kMetadataDepthMax) {
    return fail(Errc::kInvalidArgument, "\"metadata\" is nested more than 32 levels deep.");
  }
  std::string text = canonical(metadata);
  if (text.size() > kMetadataBytesMax) {
    return fail(Errc::kInvalidArgument, "\"metadata\" is larger than 16 KiB (" +
                                            std::to_string(text.size()) + " bytes of JSON).");
  }
  return text;
}

}  // namespace verihook::webhooks
