#include "gateway/source_settings.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/tenant.h"
#include "webhooks/strict_json.h"

namespace verihook::gateway {
namespace {

constexpr std::pair<std::string_view, TenantRule> kTenantRules[] = {
    {"ignore", TenantRule::kIgnore},
    {"require", TenantRule::kRequire},
    {"route", TenantRule::kRoute},
};

constexpr std::int64_t kSilenceSecondsMax = 366LL * 24 * 3600;

}  // namespace

Result<SourceSettings> parse_source_settings(const boost::json::object& settings,
                                             std::string_view tenant_id) {
  SourceSettings parsed;
  if (const auto* value = settings.if_contains("require_timestamp")) {
    if (!value->is_bool()) {
      return fail(Errc::kInvalidArgument, "\"settings.require_timestamp\" must be true or false.");
    }
    parsed.require_timestamp = value->get_bool();
  }
  if (const auto* value = settings.if_contains("silence_s")) {
    const auto* seconds = value->if_int64();
    if (seconds == nullptr || *seconds < 0 || *seconds > kSilenceSecondsMax) {
      return fail(Errc::kInvalidArgument,
                  "\"settings.silence_s\" must be a whole number of seconds from 0 to a year.");
    }
    parsed.silence_after = std::chrono::seconds{*seconds};
  }
  if (const auto* value = settings.if_contains("tenant_rule")) {
    const auto* name = value->if_string();
    const auto* rule = name == nullptr
                           ? std::end(kTenantRules)
                           : std::ranges::find(kTenantRules, std::string_view(*name),
                                               &std::pair<std::string_view, TenantRule>::first);
    if (rule == std::end(kTenantRules)) {
      return fail(Errc::kInvalidArgument,
                  "\"settings.tenant_rule\" must be \"ignore\", \"require\" or \"route\".");
    }
    parsed.tenant_rule = rule->second;
  }
  if (parsed.tenant_rule == TenantRule::kRoute && tenant_id != model::kDefaultTenant) {
    return fail(Errc::kForbidden,
                "\"settings.tenant_rule\" may be \"route\" only in sources of the tenant \"" +
                    std::string(model::kDefaultTenant) + "\".");
  }
  return parsed;
}

Result<SourceSettings> parse_source_settings(std::string_view json_text,
                                             std::string_view tenant_id) {
  TRY(value, webhooks::parse_strict_json(json_text, {.name = "settings"}));
  if (!value.is_object()) return fail(Errc::kInvalidArgument, "\"settings\" must be an object.");
  return parse_source_settings(value.get_object(), tenant_id);
}

}  // namespace verihook::gateway
