#include "app/configured_sources.h"

#include "api/source_fields.h"
#include "model/tenant.h"
#include "store/accounts.h"
#include "store/destinations.h"

namespace verihook::app {
namespace {

Result<void> store_one(store::Connection& db, const std::string& json,
                       const crypto::SecretBox& secrets, IdMaker& ids, WallTime now) {
  TRY(fields, api::Fields::parse(json));
  TRY(tenant, fields.optional_string("tenant_id"));
  TRY(name, fields.string("name"));
  model::Source source;
  source.tenant_id = tenant.value_or(std::string(model::kDefaultTenant));
  source.id = ids.make(id_prefix::kSource);
  source.created_at = source.updated_at = now;
  TRY_VOID(store::find_tenant(db, source.tenant_id));
  auto known = store::find_source_by_name(db, name);
  if (!known && known.error().code != Errc::kNotFound) return std::unexpected(known.error());
  if (known && known->tenant_id != source.tenant_id) {
    return fail(Errc::kConflict, "another tenant has a source of this name");
  }
  if (known) {
    source.id = known->id;
    source.created_at = known->created_at;
  }
  TRY_VOID(api::read_new_source(secrets, fields, source));
  return known ? store::update_source(db, source) : store::insert_source(db, source);
}

}  // namespace

Result<void> store_configured_sources(store::Connection& db,
                                      const std::vector<Config::ConfiguredTable>& sources,
                                      const crypto::SecretBox& secrets, IdMaker& ids,
                                      WallTime now) {
  for (const Config::ConfiguredTable& source : sources) {
    const auto stored = store_one(db, source.json, secrets, ids, now);
    if (!stored) {
      return fail(Errc::kInvalidArgument, source.place + ": sources: " + stored.error().message);
    }
  }
  return {};
}

}  // namespace verihook::app
