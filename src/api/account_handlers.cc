#include "api/account_handlers.h"

#include <algorithm>

#include "api/resource_json.h"
#include "base/text.h"
#include "store/accounts.h"

namespace verihook::api {
namespace {

bool is_tenant_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::ranges::all_of(id, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

Result<std::optional<std::int64_t>> read_retention_days(Fields& fields) {
  return fields.optional_integer("retention_days", 0, 36'500);
}

// The tenant that the path names: any for the operator, for others their own.
Result<std::string> named_tenant_id(const Call& call) {
  std::string id(call.request.capture("tenant_id"));
  if (id != call.caller.tenant_id && !is_operator(call.caller)) return not_found("tenant");
  return id;
}

}  // namespace

Answer create_key(Context& context, Call& call) {
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(name, fields.optional_string("name", 200));
  CO_TRY(scope_name, fields.optional_string("scope", 20));
  CO_TRY(tenant_id, fields.optional_string("tenant_id", 64));
  CO_TRY(expires_at, fields.optional_string("expires_at", 40));
  CO_TRY_VOID(fields.refuse_others());
  model::ApiKey key;
  key.tenant_id = tenant_id.value_or(call.caller.tenant_id);
  if (key.tenant_id != call.caller.tenant_id && !is_operator(call.caller)) {
    co_return fail(Errc::kForbidden, "keys of another tenant can only be made by the operator");
  }
  const auto scope = model::parse_scope(scope_name.value_or("write"));
  if (!scope) co_return fail(Errc::kInvalidArgument, "scope must be read, write or admin");
  if (expires_at) {
    key.expires_at = parse_iso8601(*expires_at);
    if (!key.expires_at) {
      co_return fail(Errc::kInvalidArgument, "expires_at must be a time like 2027-01-31T00:00:00Z");
    }
  }
  const std::string secret = make_api_key(context.random);
  key.id = context.ids.make(id_prefix::kKey);
  key.name = name.value_or("");
  key.hash = hash_api_key(secret);
  key.prefix = api_key_prefix(secret);
  key.scope = *scope;
  key.created_at = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::find_tenant(db, key.tenant_id));
    return store::insert_key(db, key);
  }));
  co_return http::json_response(201, key_json(key, secret));
}

Answer list_keys(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(keys, co_await context.database.read([&](store::Connection& db) {
    return store::list_keys(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(keys), limit, [](const model::ApiKey& key) { return key_json(key, {}); },
      &model::ApiKey::id);
}

Answer revoke_key(Context& context, Call& call) {
  const std::string id(call.request.capture("key_id"));
  if (!is_id(id, id_prefix::kKey)) co_return not_found("API key");
  const WallTime now = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) {
    return store::revoke_key(db, call.caller.tenant_id, id, now);
  }));
  co_return no_content();
}

Answer create_tenant(Context& context, Call& call) {
  if (!is_operator(call.caller)) {
    co_return fail(Errc::kForbidden, "tenants are made by the operator");
  }
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(id, fields.optional_string("tenant_id", 64));
  CO_TRY(name, fields.string("name", 200));
  CO_TRY(retention_days, read_retention_days(fields));
  CO_TRY_VOID(fields.refuse_others());
  if (id && !is_tenant_id(*id)) {
    co_return fail(Errc::kInvalidArgument,
                   "tenant_id must be 1 to 64 letters, digits, hyphens or underscores");
  }
  const model::Tenant tenant{id ? *id : context.ids.make(id_prefix::kTenant), name,
                             context.clock().wall_now(), retention_days};
  auto stored = co_await context.database.write(
      [&](store::Connection& db) { return store::insert_tenant(db, tenant); });
  if (!stored && stored.error().code == Errc::kConflict) {
    co_return fail(Errc::kConflict, "a tenant with this tenant_id exists already");
  }
  if (!stored) co_return std::unexpected(stored.error());
  co_return http::json_response(201, tenant_json(tenant));
}

Answer list_tenants(Context& context, Call& call) {
  if (!is_operator(call.caller)) {
    co_return fail(Errc::kForbidden, "tenants are listed by the operator");
  }
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(tenants, co_await context.database.read([&](store::Connection& db) {
    return store::list_tenants(db, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(tenants), limit, [](const model::Tenant& tenant) { return tenant_json(tenant); },
      &model::Tenant::id);
}

Answer get_tenant(Context& context, Call& call) {
  CO_TRY(id, named_tenant_id(call));
  CO_TRY(tenant, co_await context.database.read(
                     [&](store::Connection& db) { return store::find_tenant(db, id); }));
  co_return http::json_response(200, tenant_json(tenant));
}

Answer patch_tenant(Context& context, Call& call) {
  CO_TRY(id, named_tenant_id(call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(name, fields.optional_string("name", 200));
  // null goes back to the configuration's.
  const bool changes_days = fields.has("retention_days");
  CO_TRY(retention_days, read_retention_days(fields));
  CO_TRY_VOID(fields.refuse_others());
  // Read where it is written, so that two changes at the same time are both kept.
  CO_TRY(tenant,
         co_await context.database.write([&](store::Connection& db) -> Result<model::Tenant> {
           TRY(changed, store::find_tenant(db, id));
           if (changes_days) changed.retention_days = retention_days;
           if (name) changed.name = *name;
           TRY_VOID(store::update_tenant(db, changed));
           return changed;
         }));
  if (changes_days) context.housekeeping.wake_retention();
  co_return http::json_response(200, tenant_json(tenant));
}

}  // namespace verihook::api
