#include "store/accounts.h"

#include "store/codec.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

#define TENANT_COLUMNS "id, name, created_at, retention_days"

model::Tenant tenant_of(const Row& row) {
  return {.id = row.string(0),
          .name = row.string(1),
          .created_at = row.time(2),
          .retention_days = row.optional_integer(3)};
}

constexpr std::string_view kFindKeyByHash =
    "SELECT tenant_id, id, name, hash, prefix, scope, created_at, expires_at, revoked_at"
    " FROM api_keys WHERE hash = $1";
constexpr std::string_view kListKeys =
    "SELECT tenant_id, id, name, hash, prefix, scope, created_at, expires_at, revoked_at"
    " FROM api_keys WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3";

model::ApiKey key_of(const Row& row) {
  model::ApiKey key;
  key.tenant_id = row.string(0);
  key.id = row.string(1);
  key.name = row.string(2);
  key.hash = row.string(3);
  key.prefix = row.string(4);
  const auto scope = model::parse_scope(row.text(5));
  if (!scope) throw CorruptRow("an API key has an unknown scope");
  key.scope = *scope;
  key.created_at = row.time(6);
  key.expires_at = row.optional_time(7);
  key.revoked_at = row.optional_time(8);
  return key;
}

}  // namespace

Result<void> insert_tenant(Connection& db, const model::Tenant& tenant) {
  return done(db.execute("INSERT INTO tenants (" TENANT_COLUMNS ") VALUES ($1, $2, $3, $4)",
                         {tenant.id, tenant.name, tenant.created_at, tenant.retention_days}));
}

Result<void> update_tenant(Connection& db, const model::Tenant& tenant) {
  return expect_changed(
      db.execute("UPDATE tenants SET name = $2, retention_days = $3 WHERE id = $1",
                 {tenant.id, tenant.name, tenant.retention_days}),
      "tenant");
}

Result<model::Tenant> find_tenant(Connection& db, std::string_view tenant_id) {
  return expect_found(
      find_row(db, "SELECT " TENANT_COLUMNS " FROM tenants WHERE id = $1", {tenant_id}, tenant_of),
      "tenant");
}

Result<std::vector<model::Tenant>> list_tenants(Connection& db, std::string_view after_id,
                                                std::int64_t limit) {
  return find_rows(db, "SELECT " TENANT_COLUMNS " FROM tenants WHERE id > $1 ORDER BY id LIMIT $2",
                   {after_id, limit}, tenant_of);
}

Result<void> insert_key(Connection& db, const model::ApiKey& key) {
  return done(db.execute(
      "INSERT INTO api_keys (tenant_id, id, name, hash, prefix, scope, created_at, expires_at,"
      " revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {key.tenant_id, key.id, key.name, BlobView{key.hash}, key.prefix, to_string(key.scope),
       key.created_at, key.expires_at, key.revoked_at}));
}

Result<model::ApiKey> find_key_by_hash(Connection& db, std::string_view hash) {
  return expect_found(find_row(db, kFindKeyByHash, {BlobView{hash}}, key_of), "API key");
}

Result<std::vector<model::ApiKey>> list_keys(Connection& db, std::string_view tenant_id,
                                             std::string_view after_id, std::int64_t limit) {
  return find_rows(db, kListKeys, {tenant_id, after_id, limit}, key_of);
}

Result<void> revoke_key(Connection& db, std::string_view tenant_id, std::string_view key_id,
                        WallTime now) {
  // Revoking again keeps the first time.
  return expect_changed(db.execute("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3)"
                                   " WHERE tenant_id = $1 AND id = $2",
                                   {tenant_id, key_id, now}),
                        "API key");
}

Result<std::int64_t> count_keys(Connection& db) {
  return find_integer(db, "SELECT COUNT(*) FROM api_keys");
}

Result<std::optional<IdempotentAnswer>> find_idempotent_answer(Connection& db,
                                                               std::string_view tenant_id,
                                                               std::string_view key, WallTime now) {
  return find_row(db,
                  "SELECT request_hash, status, body FROM idempotent_answers"
                  " WHERE tenant_id = $1 AND key = $2 AND expires_at > $3",
                  {tenant_id, key, now}, [](const Row& row) {
                    return IdempotentAnswer{.request_hash = row.string(0),
                                            .status = static_cast<int>(row.integer(1)),
                                            .body = row.string(2)};
                  });
}

Result<void> insert_idempotent_answer(Connection& db, std::string_view tenant_id,
                                      std::string_view key, const IdempotentAnswer& answer,
                                      WallTime expires_at, WallTime now) {
  TRY(changed,
      db.execute("INSERT INTO idempotent_answers"
                 " (tenant_id, key, request_hash, status, body, expires_at)"
                 " VALUES ($1, $2, $3, $4, $5, $6)"
                 " ON CONFLICT (tenant_id, key) DO UPDATE SET request_hash = excluded.request_hash,"
                 " status = excluded.status, body = excluded.body,"
                 " expires_at = excluded.expires_at"
                 " WHERE idempotent_answers.expires_at <= $7",
                 {tenant_id, key, BlobView{answer.request_hash}, answer.status,
                  BlobView{answer.body}, expires_at, now}));
  if (changed > 0) return {};
  return fail(Errc::kConflict, "a request with this idempotency key has been answered meanwhile");
}

Result<std::int64_t> forget_idempotent_answers(Connection& db, WallTime now, std::int64_t limit) {
  return db.execute(
      "DELETE FROM idempotent_answers WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM"
      " idempotent_answers WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
      {now, limit});
}

}  // namespace verihook::store
