#include "api/source_fields.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "destinations/provider_settings.h"
#include "gateway/source_settings.h"
#include "gateway/sources.h"
#include "net/ip.h"
#include "webhooks/verify.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kToleranceSecondsMax = 7 * 24 * 3600;
constexpr std::int64_t kBodyBytesMax = 64 * 1024 * 1024;

bool is_source_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

Result<void> read_verifier(const crypto::SecretBox& secrets, Fields& fields,
                           model::Source& source) {
  const auto* json = fields.optional_value("verifier");
  if (json == nullptr) return {};
  TRY(verifier, webhooks::parse_verifier(*json));
  source.verifier = boost::json::serialize(webhooks::to_json(verifier));
  source.secrets.clear();
  for (const std::string& secret : verifier.secrets) {
    TRY(sealed, secrets.seal(secret, gateway::source_secret_place(source)));
    source.secrets.push_back({std::move(sealed), std::nullopt});
  }
  return {};
}

Result<void> read_mode(Fields& fields, model::Source& source) {
  TRY(mode, fields.optional_string("mode", 20));
  if (!mode) return {};
  if (*mode != "enforce" && *mode != "shadow") {
    return fail(Errc::kInvalidArgument, "mode must be enforce or shadow");
  }
  source.mode = *mode == "shadow" ? model::SourceMode::kShadow : model::SourceMode::kEnforce;
  return {};
}

Result<void> read_source_settings(const crypto::SecretBox& secrets, Fields& fields,
                                  model::Source& source) {
  TRY(settings, fields.optional_object("settings"));
  if (!settings) return {};
  TRY_VOID(gateway::parse_source_settings(settings->object(), source.tenant_id));
  TRY(sealed, destinations::seal_provider_settings(settings->object(), source.settings, secrets,
                                                   gateway::source_secret_place(source)));
  source.settings = std::move(sealed);
  return {};
}

}  // namespace

Result<void> read_source_changes(const crypto::SecretBox& secrets, Fields& fields,
                                 model::Source& source) {
  TRY_VOID(read_verifier(secrets, fields, source));
  TRY_VOID(read_mode(fields, source));
  TRY(allowlist, fields.optional_strings("ip_allowlist", 1'000));
  if (allowlist) {
    for (const std::string& range : *allowlist) {
      if (!net::Cidr::parse(range)) {
        return fail(Errc::kInvalidArgument,
                    "ip_allowlist: \"" + range + "\" is not a range like 203.0.113.0/24");
      }
    }
    source.ip_allowlist = *allowlist;
  }
  TRY(tolerance, fields.optional_integer("timestamp_tolerance_s", 1, kToleranceSecondsMax));
  if (tolerance) source.timestamp_tolerance_s = *tolerance;
  TRY(bytes_max, fields.optional_integer("body_bytes_max", 1, kBodyBytesMax));
  if (bytes_max) source.body_bytes_max = *bytes_max;
  TRY(dedup_key, fields.optional_string("dedup_key", 200));
  if (dedup_key) source.dedup_key = *dedup_key;
  TRY_VOID(read_source_settings(secrets, fields, source));
  return fields.refuse_others();
}

Result<void> read_new_source(const crypto::SecretBox& secrets, Fields& fields,
                             model::Source& source) {
  TRY(name, fields.string("name", 100));
  if (!is_source_name(name)) {
    return fail(Errc::kInvalidArgument,
                "name must be 1 to 100 letters, digits, hyphens, underscores or full stops: it is "
                "the last part of the door's path");
  }
  if (!fields.has("verifier")) {
    return fail(Errc::kInvalidArgument,
                "verifier is missing: say how requests are checked, for example "
                "{\"kind\":\"hmac\",\"secrets\":[\"…\"]}");
  }
  source.name = name;
  return read_source_changes(secrets, fields, source);
}

}  // namespace verihook::api
