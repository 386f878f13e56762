#include "destinations/provider_settings.h"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "crypto/encoding.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {

namespace json = boost::json;

namespace {

constexpr std::string_view kJobIdPlaceholder = "{job_id}";
constexpr std::string_view kApiKey = "api_key";
constexpr std::string_view kSealedKey = "api_key_sealed";

std::unexpected<Error> bad_member(std::string_view name, std::string_view expected) {
  return fail(Errc::kInvalidArgument,
              "\"settings." + std::string(name) + "\" must be " + std::string(expected) + ".");
}

Result<json::object> parse_object(std::string_view text) {
  if (text.empty()) return json::object{};
  TRY(value, webhooks::parse_strict_json(text, {.name = "settings"}));
  if (!value.is_object()) return fail(Errc::kInvalidArgument, "\"settings\" must be an object.");
  return std::move(value.get_object());
}

// Empty when it is not there.
Result<std::string> text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return bad_member(name, "a string");
  return std::string(value->get_string());
}

// The host and port that a URL is for, as an entry may name them.
std::string host_of(const http::Url& url) {
  return url.literal && url.literal->v6 ? "[" + url.host + "]" : url.host;
}

bool is_host_entry(std::string_view entry) {
  return http::Url::parse("https://" + std::string(entry) + "/").has_value() &&
         entry.find('/') == std::string_view::npos && entry.find('?') == std::string_view::npos;
}

Result<void> read_hosts(const json::object& object, std::vector<std::string>& hosts) {
  const json::value* value = object.if_contains("allowed_hosts");
  if (value == nullptr) return {};
  const json::array* list = value->if_array();
  if (list == nullptr || list->size() > kAllowedHostsMax) {
    return bad_member("allowed_hosts", "a list of at most 100 host names");
  }
  for (const json::value& entry : *list) {
    if (!entry.is_string() || !is_host_entry(std::string(entry.get_string()))) {
      return bad_member("allowed_hosts", "a list of \"host\" or \"host:port\"");
    }
    hosts.push_back(to_lower(std::string(entry.get_string())));
  }
  return {};
}

Result<std::string> read_url(const json::object& object, std::string_view name) {
  TRY(text, text_member(object, name));
  if (text.empty()) return text;
  const auto url = http::Url::parse(expand_job_id(text, "job"));
  if (!url) return bad_member(name, "a URL: " + url.error().message);
  return text;
}

// Everything but the key.
Result<ProviderSettings> read_members(const json::object& object) {
  ProviderSettings settings;
  TRY_VOID(read_hosts(object, settings.allowed_hosts));
  TRY(results_url, read_url(object, "results_url"));
  TRY(submit_url, read_url(object, "submit_url"));
  if (!results_url.empty() && results_url.find(kJobIdPlaceholder) == std::string::npos) {
    return bad_member("results_url", "a URL with {job_id} in it");
  }
  settings.results_url = std::move(results_url);
  settings.submit_url = std::move(submit_url);
  return settings;
}

// The key travels in a header: visible ASCII.
bool is_api_key(std::string_view key) {
  return !key.empty() && key.size() <= kProviderKeyBytesMax &&
         std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

bool ProviderSettings::allows(const http::Url& url) const {
  const std::string host = host_of(url);
  const std::string with_port = host + ":" + std::to_string(url.port);
  return std::ranges::any_of(
      allowed_hosts, [&](const std::string& entry) { return entry == host || entry == with_port; });
}

Result<ProviderSettings> open_provider_settings(std::string_view stored,
                                                const crypto::SecretBox& secrets,
                                                std::string_view place) {
  TRY(object, parse_object(stored));
  TRY(settings, read_members(object));
  TRY(sealed, text_member(object, kSealedKey));
  if (!sealed.empty()) {
    const auto bytes = crypto::base64_decode(sealed);
    if (!bytes) return bad_member(kSealedKey, "base64");
    TRY(key, secrets.open(*bytes, place));
    settings.api_key = std::move(key);
  }
  return std::move(settings);
}

Result<std::string> seal_provider_settings(const json::object& given, std::string_view previous,
                                           const crypto::SecretBox& secrets,
                                           std::string_view place) {
  TRY_VOID(read_members(given));
  TRY(before, parse_object(previous));
  json::object stored = given;
  stored.erase(kApiKey);
  stored.erase(kSealedKey);
  const json::value* key = given.if_contains(kApiKey);
  if (key == nullptr) {
    if (const json::value* kept = before.if_contains(kSealedKey)) stored[kSealedKey] = *kept;
  } else if (!key->is_null()) {
    if (!key->is_string() || !is_api_key(std::string(key->get_string()))) {
      return bad_member(kApiKey, "a string of 1 to 1024 visible ASCII characters");
    }
    TRY(sealed, secrets.seal(std::string(key->get_string()), place));
    stored[kSealedKey] = crypto::base64_encode(sealed);
  }
  return json::serialize(stored);
}

Result<json::object> public_provider_settings(std::string_view stored) {
  TRY(object, parse_object(stored));
  const bool has_key = object.erase(kSealedKey) > 0;
  object.erase(kApiKey);
  object["has_api_key"] = has_key;
  return std::move(object);
}

std::string expand_job_id(std::string_view url_template, std::string_view job_id) {
  std::string encoded;
  for (const char c : job_id) {
    if (is_alnum(c) || c == '_' || c == '-') {
      encoded += c;
    } else {
      encoded += '%' + crypto::hex_encode(std::string_view(&c, 1));
    }
  }
  std::string url(url_template);
  const auto at = url.find(kJobIdPlaceholder);
  if (at != std::string::npos) url.replace(at, kJobIdPlaceholder.size(), encoded);
  return url;
}

}  // namespace verihook::destinations
