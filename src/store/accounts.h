// Repository of tenants, API keys and idempotency keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/tenant.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_tenant(Connection& db,
                           const model::Tenant& tenant);  // kConflict: the id exists
// Its name and how long it keeps things.
Result<void> update_tenant(Connection& db, const model::Tenant& tenant);
Result<model::Tenant> find_tenant(Connection& db, std::string_view tenant_id);
Result<std::vector<model::Tenant>> list_tenants(Connection& db, std::string_view after_id,
                                                std::int64_t limit);

Result<void> insert_key(Connection& db, const model::ApiKey& key);
Result<model::ApiKey> find_key_by_hash(Connection& db, std::string_view hash);
Result<std::vector<model::ApiKey>> list_keys(Connection& db, std::string_view tenant_id,
                                             std::string_view after_id, std::int64_t limit);
Result<void> revoke_key(Connection& db, std::string_view tenant_id, std::string_view key_id,
                        WallTime now);
Result<std::int64_t> count_keys(Connection& db);

// A remembered answer of a request with Idempotency-Key.
struct IdempotentAnswer {
  std::string request_hash;  // SHA-256 of method, path and body
  int status = 0;
  std::string body;
};
Result<std::optional<IdempotentAnswer>> find_idempotent_answer(Connection& db,
                                                               std::string_view tenant_id,
                                                               std::string_view key, WallTime now);
// kConflict when the key was stored meanwhile. One that has expired by `now` is replaced.
Result<void> insert_idempotent_answer(Connection& db, std::string_view tenant_id,
                                      std::string_view key, const IdempotentAnswer& answer,
                                      WallTime expires_at, WallTime now);
Result<std::int64_t> forget_idempotent_answers(Connection& db, WallTime now, std::int64_t limit);

}  // namespace verihook::store
