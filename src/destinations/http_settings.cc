#include "destinations/http_settings.h"

#include <algorithm>
#include <array>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "crypto/encoding.h"
#include "net/client_identity.h"

namespace verihook::destinations {
namespace {

namespace json = boost::json;

struct Member {
  std::string_view name;
  std::string HttpSettings::* value;
  std::size_t bytes_max;
};
constexpr std::array<Member, 4> kMembers = {{
    {"basic_credentials", &HttpSettings::basic_credentials, 1'024},
    {"bearer_token", &HttpSettings::bearer_token, 1'024},
    {"client_certificate", &HttpSettings::client_certificate, 32 * 1'024},
    {"client_key", &HttpSettings::client_key, 16 * 1'024},
}};

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(Errc::kInvalidArgument,
              "settings." + std::string(name) + " must be " + std::string(what));
}

Result<void> check(const HttpSettings& settings) {
  if (!settings.basic_credentials.empty() && !settings.bearer_token.empty()) {
    return fail(Errc::kInvalidArgument,
                "settings may have basic_credentials or bearer_token, not both");
  }
  const auto one_line = [](const std::string& text) {
    return std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  if (!one_line(settings.basic_credentials)) return wrong("basic_credentials", "one line");
  if (!one_line(settings.bearer_token)) return wrong("bearer_token", "one line");
  if (!settings.basic_credentials.empty() && !settings.basic_credentials.contains(':')) {
    return wrong("basic_credentials", "user:password");
  }
  if (settings.client_certificate.empty() != settings.client_key.empty()) {
    return fail(Errc::kInvalidArgument,
                "settings must have client_certificate and client_key together");
  }
  if (settings.client_key.empty()) return {};
  return net::check_client_identity(settings.client_certificate, settings.client_key);
}

}  // namespace

Result<HttpSettings> open_http_settings(std::string_view stored, const crypto::SecretBox& secrets,
                                        std::string_view place) {
  HttpSettings settings;
  if (stored.empty() || stored == "{}") return settings;
  // Short, and read for every attempt.
  std::array<unsigned char, 4096> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  boost::system::error_code ec;
  const json::value value = json::parse({stored.data(), stored.size()}, ec, &memory);
  const auto damaged = fail(Errc::kInternal, "the stored credentials are damaged");
  if (ec || !value.is_object()) return damaged;
  for (const Member& member : kMembers) {
    const auto* found = value.get_object().if_contains(member.name);
    if (found == nullptr) continue;
    if (!found->is_string()) return damaged;
    const auto sealed = crypto::base64_decode(std::string_view(found->get_string()));
    if (!sealed) return damaged;
    TRY(opened, secrets.open(*sealed, place));
    settings.*member.value = std::move(opened);
  }
  return settings;
}

Result<HttpSettings> read_http_settings(const json::object& given) {
  HttpSettings settings;
  for (const auto& [key, value] : given) {
    const auto* member = std::ranges::find(kMembers, std::string_view(key), &Member::name);
    if (member == kMembers.end()) {
      return fail(Errc::kInvalidArgument,
                  "settings." + std::string(std::string_view(key)) + " is not known");
    }
    if (value.is_null()) continue;
    if (!value.is_string() || value.get_string().empty() ||
        value.get_string().size() > member->bytes_max) {
      return wrong(member->name, "a text of 1 to " + std::to_string(member->bytes_max) + " bytes");
    }
    settings.*member->value = std::string(value.get_string());
  }
  TRY_VOID(check(settings));
  return settings;
}

Result<std::string> seal_http_settings(const HttpSettings& settings,
                                       const crypto::SecretBox& secrets, std::string_view place) {
  json::object stored;
  for (const Member& member : kMembers) {
    const std::string& text = settings.*member.value;
    if (text.empty()) continue;
    TRY(sealed, secrets.seal(text, place));
    stored[member.name] = crypto::base64_encode(sealed);
  }
  return json::serialize(stored);
}

std::string public_http_settings(std::string_view stored) {
  boost::system::error_code ec;
  const json::value value = json::parse({stored.data(), stored.size()}, ec);
  json::object shown;
  if (!ec && value.is_object()) {
    for (const Member& member : kMembers) {
      if (value.get_object().contains(member.name)) {
        shown["has_" + std::string(member.name)] = true;
      }
    }
  }
  return json::serialize(shown);
}

}  // namespace verihook::destinations
