// SourceSettings: the members of a source's `settings` that decide how it receives. (What its
// processing needs, an API key and allowed hosts, stands in the same object and is read by
// destinations/provider_settings.h.) Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace verihook::gateway {

// What a body's `tenant_id` means.
enum class TenantRule {
  kIgnore,   // nothing: every event is of the source's tenant
  kRequire,  // it must name the source's tenant
  kRoute,    // it names the tenant whose event this is; for sources of the operator's tenant
};

struct SourceSettings {
  bool require_timestamp = false;  // "require_timestamp"
  // "silence_s": after how long without an event somebody is to be told; 0: never. Nothing: by the
  // source's habit.
  std::optional<Milliseconds> silence_after;
  TenantRule tenant_rule = TenantRule::kIgnore;  // "tenant_rule": "ignore", "require" or "route"
};

// Of a whole settings object; members that it does not know are left alone. kInvalidArgument names
// the member that is wrong. `route` is refused for a source of any tenant but the default one: its
// owner could else make events of other tenants.
Result<SourceSettings> parse_source_settings(const boost::json::object& settings,
                                             std::string_view tenant_id);
Result<SourceSettings> parse_source_settings(std::string_view json_text,
                                             std::string_view tenant_id);

}  // namespace verihook::gateway
