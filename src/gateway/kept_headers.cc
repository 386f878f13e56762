#include "gateway/kept_headers.h"

#include <algorithm>

#include <boost/json/array.hpp>

#include "base/text.h"
#include "webhooks/json_writer.h"
#include "webhooks/strict_json.h"

namespace verihook::gateway {
namespace {

using webhooks::VerifierKind;

constexpr std::string_view kSecretHeaders[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                               "X-API-Key", "X-Auth-Token"};

bool is_read_by(const webhooks::VerifierConfig& verifier, std::string_view name) {
  return std::ranges::any_of(
      verifier.headers, [&](const std::string& read) { return equals_ignoring_case(read, name); });
}

Result<void> append(std::string_view json_text, http::Headers& headers) {
  if (json_text.empty()) return {};
  TRY(value, webhooks::parse_strict_json(json_text, {.name = "headers"}));
  const auto* pairs = value.if_array();
  if (pairs == nullptr) return fail(Errc::kInternal, "kept headers are no array");
  for (const auto& pair : *pairs) {
    const auto* both = pair.if_array();
    if (both == nullptr || both->size() != 2 || !both->at(0).is_string() ||
        !both->at(1).is_string()) {
      return fail(Errc::kInternal, "a kept header is no pair of texts");
    }
    headers.add(std::string(both->at(0).get_string()), std::string(both->at(1).get_string()));
  }
  return {};
}

}  // namespace

bool holds_secret(std::string_view name, const webhooks::VerifierConfig& verifier) {
  const bool shared_secret =
      verifier.kind == VerifierKind::kBasic || verifier.kind == VerifierKind::kApiKey;
  return std::ranges::any_of(
             kSecretHeaders,
             [&](std::string_view secret) { return equals_ignoring_case(secret, name); }) ||
         (shared_secret && is_read_by(verifier, name));
}

std::string printable_header(std::string_view value) {
  std::string text(value);
  if (is_valid_utf8(text)) return text;
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

KeptHeaders kept_headers(const http::Headers& headers, const webhooks::VerifierConfig& verifier) {
  KeptHeaders kept;
  webhooks::JsonWriter shown(kept.shown);
  webhooks::JsonWriter secret(kept.secret);
  shown.begin_array();
  secret.begin_array();
  bool any_secret = false;
  for (const auto& [name, value] : headers.fields()) {
    const bool hidden = holds_secret(name, verifier);
    if (hidden && !is_read_by(verifier, name)) continue;
    any_secret = any_secret || hidden;
    webhooks::JsonWriter& writer = hidden ? secret : shown;
    writer.begin_array();
    writer.value(printable_header(name));
    writer.value(printable_header(value));
    writer.end_array();
  }
  shown.end_array();
  secret.end_array();
  if (!any_secret) kept.secret.clear();
  return kept;
}

Result<http::Headers> headers_of(const KeptHeaders& kept) {
  http::Headers headers;
  TRY_VOID(append(kept.shown, headers));
  TRY_VOID(append(kept.secret, headers));
  return headers;
}

}  // namespace verihook::gateway
