#include "gateway/received_event.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/text.h"
#include "crypto/encoding.h"
#include "crypto/sha256.h"
#include "gateway/kept_headers.h"
#include "webhooks/json_writer.h"

namespace verihook::gateway {

namespace json = boost::json;
using webhooks::VerifierKind;

namespace {

// Where a provider puts what; a dotted path in the body, a header's name, empty for nowhere.
struct ProviderRow {
  VerifierKind kind;
  std::string_view type_header;
  std::string_view type_member;
  std::string_view action_member;  // appended to the type of the header
  std::string_view id_header;
  std::string_view id_member;
};

constexpr ProviderRow kProviders[] = {
    {VerifierKind::kStandardWebhooks, "", "type", "", "webhook-id", ""},
    {VerifierKind::kStripe, "", "type", "", "", "id"},
    {VerifierKind::kGithub, "X-GitHub-Event", "", "action", "X-GitHub-Delivery", ""},
    {VerifierKind::kShopify, "X-Shopify-Topic", "", "", "X-Shopify-Webhook-Id", ""},
    {VerifierKind::kSlack, "", "event.type", "", "", "event_id"},
};

// Where everybody else puts the type, in the order in which they are believed.
constexpr std::string_view kTypeMembers[] = {"event_type", "type", "event"};
constexpr std::string_view kIdMembers[] = {"webhook_id", "event_id"};

const ProviderRow* find_provider(VerifierKind kind) {
  const auto* row = std::ranges::find(kProviders, kind, &ProviderRow::kind);
  return row == std::end(kProviders) ? nullptr : row;
}

// Follows "data.id" through objects.
const json::value* find_path(const json::value& body, std::string_view path) {
  if (path.empty()) return nullptr;
  const json::value* at = &body;
  for (const std::string_view name : split(path, '.')) {
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }

// The text of a scalar that can be a key: a string that is not empty, or an integer.
std::optional<std::string> scalar_at(const json::value& body, std::string_view path) {
  const json::value* value = find_path(body, path);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string(); text != nullptr && !text->empty()) {
    return std::string(view_of(*text));
  }
  if (const auto* number = value->if_int64()) return std::to_string(*number);
  if (const auto* number = value->if_uint64()) return std::to_string(*number);
  return std::nullopt;
}

std::optional<std::string> header_at(const http::Headers& headers, std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto value = headers.get(name);
  if (!value || trim(*value).empty()) return std::nullopt;
  return std::string(trim(*value));
}

std::optional<std::string> raw_event_type(VerifierKind kind, const http::Headers& headers,
                                          const json::value& body) {
  if (const ProviderRow* row = find_provider(kind)) {
    if (auto type = header_at(headers, row->type_header)) {
      if (const auto action = scalar_at(body, row->action_member)) *type += "." + *action;
      return type;
    }
    // Slack's outer `type` says only that an event is inside.
    if (kind == VerifierKind::kSlack) {
      if (auto type = scalar_at(body, row->type_member)) return type;
    }
  }
  for (const std::string_view name : kTypeMembers) {
    if (auto type = scalar_at(body, name)) return type;
  }
  return std::nullopt;
}

bool is_event_type(std::string_view type) {
  return !type.empty() && type.size() <= kEventTypeBytesMax &&
         std::ranges::all_of(type, [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<std::string> claimed_key(VerifierKind kind, std::string_view configured_member,
                                       const http::Headers& headers, const json::value& body) {
  if (auto key = scalar_at(body, configured_member)) return key;
  for (const std::string_view name : kIdMembers) {
    if (auto key = scalar_at(body, name)) return key;
  }
  const ProviderRow* row = find_provider(kind);
  if (row == nullptr) return std::nullopt;
  if (auto key = header_at(headers, row->id_header)) return key;
  return scalar_at(body, row->id_member);
}

}  // namespace

std::string event_type_of(VerifierKind kind, const http::Headers& headers,
                          const json::value& body) {
  auto type = raw_event_type(kind, headers, body);
  if (!type || !is_event_type(*type)) return std::string(kUnknownEventType);
  return std::move(*type);
}

std::string dedup_key_of(VerifierKind kind, std::string_view configured_member,
                         const http::Headers& headers, const json::value& body,
                         std::string_view raw_body) {
  auto key = claimed_key(kind, configured_member, headers, body);
  if (!key) return "sha256:" + crypto::hex_encode(crypto::sha256(raw_body));
  if (key->size() > kDedupKeyBytesMax || !is_valid_utf8(*key)) {
    return "sha256:" + crypto::hex_encode(crypto::sha256(*key));
  }
  return std::move(*key);
}

std::string job_id_of(const json::value& body) {
  const auto id = string_member(body, "job_id");
  return id && id->size() <= kDedupKeyBytesMax ? std::string(*id) : std::string();
}

std::optional<std::string_view> string_member(const json::value& body, std::string_view name) {
  const json::object* object = body.if_object();
  const json::value* value = object == nullptr ? nullptr : object->if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return view_of(value->get_string());
}

std::string headers_json(const http::Headers& headers, const webhooks::VerifierConfig& verifier) {
  const auto same = [](std::string_view name) {
    return [name](std::string_view other) { return equals_ignoring_case(name, other); };
  };
  std::vector<std::pair<std::string_view, std::string>> kept;
  for (const auto& [name, value] : headers.fields()) {
    if (holds_secret(name, verifier)) continue;
    const auto known =
        std::ranges::find_if(kept, [&](const auto& field) { return same(name)(field.first); });
    if (known == kept.end()) {
      kept.emplace_back(name, printable_header(value));
    } else {
      known->second += ", " + printable_header(value);
    }
  }
  std::string text;
  webhooks::JsonWriter writer(text);
  writer.begin_object();
  for (const auto& [name, value] : kept) writer.member(printable_header(name), value);
  writer.end_object();
  return text;
}

}  // namespace verihook::gateway
