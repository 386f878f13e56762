#include "app/configured_destinations.h"

#include <map>
#include <set>
#include <unistd.h>
#include <utility>

#include "api/destination_settings.h"
#include "api/endpoint_secrets.h"
#include "destinations/command_destination.h"
#include "destinations/stored_settings.h"
#include "model/tenant.h"
#include "store/accounts.h"
#include "store/all_pages.h"
#include "store/destinations.h"

namespace verihook::app {
namespace {

constexpr std::string_view kNotNamed = "the configuration file does not name it any more";

using TenantAndName = std::pair<std::string, std::string>;
using Known = std::map<TenantAndName, model::Destination>;

Result<void> read_configured(store::Connection& db, Known& known) {
  TRY(tenants, store::all_pages<model::Tenant>([&](const std::string& after, std::int64_t limit) {
        return store::list_tenants(db, after, limit);
      }));
  for (const model::Tenant& tenant : tenants) {
    TRY(all,
        store::all_pages<model::Destination>([&](const std::string& after, std::int64_t limit) {
          return store::list_destinations(db, tenant.id, id_prefix::kDestination, after, limit);
        }));
    for (model::Destination& each : all) {
      if (!destinations::is_configured(each)) continue;
      known.emplace(TenantAndName{each.tenant_id, each.name}, std::move(each));
    }
  }
  return {};
}

// A missing program is a mistake in the file, not something to find out with the first event.
Result<void> check_program(const model::Destination& destination) {
  if (destination.kind != model::DestinationKind::kCommand) return {};
  const destinations::StoredSettings settings(destination.settings);
  const std::string program = settings.texts(destinations::command_setting::kCommand).front();
  if (::access(program.c_str(), X_OK) == 0) return {};
  return fail(Errc::kInvalidArgument,
              "settings.command: " + program + " is no program that may be run");
}

Result<void> read_secret(const crypto::SecretBox& secrets, api::Fields& fields,
                         model::Destination& destination) {
  TRY(secret, fields.optional_string("secret"));
  if (secret) return api::add_secret(secrets, destination, *secret);
  if (destination.kind != model::DestinationKind::kHttp) return {};
  return fail(Errc::kInvalidArgument, "secret is missing: what signs the requests");
}

class Storing {
 public:
  Storing(store::Connection& db, const Config& config, const crypto::SecretBox& secrets,
          IdMaker& ids, WallTime now)
      : db_(db), config_(config), secrets_(secrets), ids_(ids), now_(now) {}

  Result<void> run() {
    TRY_VOID(read_configured(db_, known_));
    for (const Config::ConfiguredTable& table : config_.destinations) {
      const auto stored = store_one(table.json);
      if (stored) continue;
      return fail(Errc::kInvalidArgument,
                  table.place + ": destinations: " + stored.error().message);
    }
    for (auto& [key, left] : known_) {
      if (left.state == model::DestinationState::kDisabled && left.state_reason == kNotNamed) {
        continue;
      }
      left.state = model::DestinationState::kDisabled;
      left.state_reason = kNotNamed;
      left.updated_at = now_;
      TRY_VOID(store::update_destination(db_, left));
    }
    return {};
  }

 private:
  Result<void> store_one(const std::string& json) {
    TRY(fields, api::Fields::parse(json));
    TRY(tenant, fields.optional_string("tenant_id"));
    model::Destination destination;
    destination.tenant_id = tenant.value_or(std::string(model::kDefaultTenant));
    destination.id = ids_.make(id_prefix::kDestination);
    destination.created_at = destination.updated_at = now_;
    TRY_VOID(store::find_tenant(db_, destination.tenant_id));
    TRY(name, fields.string("name", 200));
    if (!named_.emplace(destination.tenant_id, name).second) {
      return fail(Errc::kConflict, "another table has the name \"" + name + "\"");
    }
    auto before = known_.extract(TenantAndName{destination.tenant_id, name});
    if (before) {
      destination.id = before.mapped().id;
      destination.created_at = before.mapped().created_at;
      if (before.mapped().state_reason != kNotNamed) {
        destination.state = before.mapped().state;
        destination.state_reason = before.mapped().state_reason;
      }
    }
    const api::DestinationRules rules{secrets_, config_.network.takes_http_targets()};
    TRY_VOID(api::read_new_destination(rules, fields, api::DefinedBy::kConfiguration, destination));
    TRY_VOID(read_secret(secrets_, fields, destination));
    TRY_VOID(fields.refuse_others());
    TRY_VOID(check_program(destination));
    destinations::StoredSettings settings(destination.settings);
    settings.set(destinations::kConfigured, true);
    destination.settings = settings.json();
    return before ? store::update_destination(db_, destination)
                  : store::insert_destination(db_, destination);
  }

  store::Connection& db_;
  const Config& config_;
  const crypto::SecretBox& secrets_;
  IdMaker& ids_;
  const WallTime now_;
  Known known_;  // those of former starts that the file did not name yet
  std::set<TenantAndName> named_;
};

}  // namespace

Result<void> store_configured_destinations(store::Connection& db, const Config& config,
                                           const crypto::SecretBox& secrets, IdMaker& ids,
                                           WallTime now) {
  return Storing(db, config, secrets, ids, now).run();
}

}  // namespace verihook::app
