#include "api/fields.h"

#include "webhooks/strict_json.h"

namespace verihook::api {

namespace json = boost::json;

Result<Fields> Fields::parse(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == body.npos) body = "{}";
  TRY(value, webhooks::parse_strict_json(body));
  if (!value.is_object()) return fail(Errc::kInvalidArgument, "the body must be a JSON object");
  return Fields(std::move(value.get_object()));
}

const json::value* Fields::take(std::string_view name) {
  const auto member = object_.find(name);
  if (member == object_.end()) return nullptr;
  taken_.emplace(name);
  return member->value().is_null() ? nullptr : &member->value();
}

std::string Fields::full_name(std::string_view name) const { return path_ + std::string(name); }

std::unexpected<Error> Fields::wrong(std::string_view name, std::string_view expected) const {
  return fail(Errc::kInvalidArgument, full_name(name) + " must be " + std::string(expected));
}

Result<std::string> Fields::string(std::string_view name, std::size_t bytes_max) {
  TRY(text, optional_string(name, bytes_max));
  if (!text) return fail(Errc::kInvalidArgument, full_name(name) + " is missing");
  return *text;
}

Result<std::optional<std::string>> Fields::optional_string(std::string_view name,
                                                           std::size_t bytes_max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return wrong(name, "a string");
  if (value->get_string().size() > bytes_max) {
    return wrong(name, "at most " + std::to_string(bytes_max) + " bytes long");
  }
  return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::optional<bool>> Fields::optional_bool(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return wrong(name, "true or false");
  return std::optional<bool>(value->get_bool());
}

Result<std::optional<std::int64_t>> Fields::optional_integer(std::string_view name,
                                                             std::int64_t min, std::int64_t max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  if (!value->is_int64() || value->get_int64() < min || value->get_int64() > max) {
    return wrong(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return std::optional<std::int64_t>(value->get_int64());
}

Result<std::optional<double>> Fields::optional_number(std::string_view name, double min,
                                                      double max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<double>();
  if (!value->is_number()) return wrong(name, "a number");
  const double number = value->to_number<double>();
  if (!(number >= min && number <= max)) return wrong(name, "a number inside its limits");
  return std::optional<double>(number);
}

Result<std::optional<std::vector<std::string>>> Fields::optional_strings(std::string_view name,
                                                                         std::size_t count_max) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<std::vector<std::string>>();
  if (!value->is_array()) return wrong(name, "an array of strings");
  if (value->get_array().size() > count_max) {
    return wrong(name, "an array of at most " + std::to_string(count_max) + " strings");
  }
  std::vector<std::string> strings;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string() || element.get_string().size() > 2'048) {
      return wrong(name, "an array of strings of at most 2048 bytes");
    }
    strings.emplace_back(element.get_string());
  }
  return std::optional(std::move(strings));
}

Result<std::optional<Fields>> Fields::optional_object(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::optional<Fields>();
  if (!value->is_object()) return wrong(name, "an object");
  return std::optional<Fields>(Fields(value->get_object(), full_name(name) + "."));
}

const json::value* Fields::optional_value(std::string_view name) { return take(name); }

Result<void> Fields::refuse_others() const {
  for (const auto& member : object_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!taken_.contains(name)) {
      return fail(Errc::kInvalidArgument,
                  full_name(name) + " is not a member of this request; see /openapi.json");
    }
  }
  return {};
}

}  // namespace verihook::api
