#include "jobs/intake/json_entry.h"

#include <boost/json/object.hpp>

#include "base/text.h"
#include "jobs/intake/email_column.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {

namespace json = boost::json;

namespace {

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

// A string as it is, a number as it is written; nothing for whatever else.
std::string text_of(const json::value* id) {
  if (id == nullptr) return {};
  if (id->is_string()) return std::string(id->get_string());
  return id->is_number() ? webhooks::canonical(*id) : std::string();
}

}  // namespace

void JsonEntries::reject(std::int64_t number, std::int64_t line, Rejection reason,
                         std::string_view text) {
  sink_.reject({number, line, reason, excerpt_of(text)});
}

Result<void> JsonEntries::take_address(std::int64_t number, std::int64_t line,
                                       std::string_view address) {
  if (address.size() > limits_.email_bytes_max) {
    reject(number, line, Rejection::kTooLong, address);
    return {};
  }
  ListRow row;
  row.number = number;
  row.email = address;
  return sink_.row(row);
}

Result<void> JsonEntries::take_text(std::int64_t number, std::int64_t line, std::string_view text) {
  auto value = webhooks::parse_strict_json(text);
  if (!value) {
    reject(number, line, Rejection::kNotJson, text);
    return {};
  }
  if (value->is_string()) return take_address(number, line, view(value->get_string()));
  if (value->is_object()) return take_object(number, line, text, std::move(value->get_object()));
  reject(number, line, Rejection::kNoEntry, text);
  return {};
}

const json::value* JsonEntries::find_email(const json::object& object) const {
  if (!email_member_.empty()) return object.if_contains(email_member_);
  if (const json::value* email = object.if_contains("email")) return email;
  for (const auto& member : object) {
    if (is_email_name(view(member.key()))) return &member.value();
  }
  return nullptr;
}

Result<void> JsonEntries::take_object(std::int64_t number, std::int64_t line, std::string_view text,
                                      json::object object) {
  const json::value* found = find_email(object);
  const std::string email(found != nullptr && found->is_string() ? trim(view(found->get_string()))
                                                                 : std::string_view());
  const std::string id = text_of(object.if_contains("id"));
  if (email.empty()) {
    reject(number, line, Rejection::kNoAddress, text);
    return {};
  }
  if (email.size() > limits_.email_bytes_max || id.size() > limits_.email_bytes_max) {
    reject(number, line, Rejection::kTooLong, text);
    return {};
  }
  json::object others;
  for (auto& member : object) {
    if (&member.value() != found && member.key() != "id") {
      others.emplace(member.key(), std::move(member.value()));
    }
  }
  const std::string data = others.empty() ? "" : webhooks::canonical(others);
  ListRow row;
  row.number = number;
  row.email = email;
  row.id = id;
  row.data = data;
  return sink_.row(row);
}

}  // namespace verihook::jobs
