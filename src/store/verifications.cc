#include "store/verifications.h"

#include <algorithm>

#include "store/codec.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

#define VERIFICATION_COLUMNS                                                 \
  "tenant_id, id, email, options, timeout_ms, metadata, result, created_at," \
  " finished_at, claimable_at, lease_owner, fence, leases, times_parked"

model::Verification verification_of(const Row& row) {
  model::Verification verification;
  verification.tenant_id = row.string(0);
  verification.id = row.string(1);
  verification.email = row.string(2);
  verification.options = decode_job_options(row.text(3));
  verification.timeout_ms = row.integer(4);
  verification.metadata = row.string(5);
  verification.result = row.string(6);
  verification.created_at = row.time(7);
  verification.finished_at = row.optional_time(8);
  verification.claimable_at = row.time(9);
  verification.lease_owner = row.string(10);
  verification.fence = row.integer(11);
  verification.leases = row.integer(12);
  verification.times_parked = row.integer(13);
  return verification;
}

struct Key {
  std::string tenant_id;
  std::string id;
};

Key key_of(const Row& row) { return {.tenant_id = row.string(0), .id = row.string(1)}; }

// Nothing when another node was quicker.
Result<std::optional<model::Verification>> take(Connection& db, const Key& key,
                                                const VerificationLease& lease) {
  return find_row(db,
                  "UPDATE verifications SET lease_owner = $3, claimable_at = $4,"
                  " fence = fence + 1, leases = leases + 1"
                  " WHERE tenant_id = $1 AND id = $2 AND state = 'open' AND claimable_at <= $5"
                  " RETURNING " VERIFICATION_COLUMNS,
                  {key.tenant_id, key.id, lease.node_id, lease.until, lease.now}, verification_of);
}

Result<std::vector<model::Verification>> take_all(Connection& db, const std::vector<Key>& keys,
                                                  const VerificationLease& lease) {
  std::vector<model::Verification> taken;
  for (const Key& key : keys) {
    TRY(verification, take(db, key, lease));
    if (verification) taken.push_back(*std::move(verification));
  }
  return taken;
}

// Tenants with something due. The recursion leaps from tenant to tenant in the index.
Result<std::vector<std::string>> find_tenants(Connection& db, WallTime now) {
  return find_rows(db,
                   "WITH RECURSIVE open (tenant_id) AS ("
                   " SELECT MIN(tenant_id) FROM verifications WHERE state = 'open'"
                   " UNION ALL SELECT (SELECT MIN(v.tenant_id) FROM verifications v"
                   " WHERE v.state = 'open' AND v.tenant_id > open.tenant_id)"
                   " FROM open WHERE open.tenant_id IS NOT NULL)"
                   " SELECT o.tenant_id FROM open o WHERE EXISTS (SELECT 1 FROM verifications v"
                   " WHERE v.state = 'open' AND v.tenant_id = o.tenant_id"
                   " AND v.claimable_at <= $1)",
                   {now}, [](const Row& row) { return row.string(0); });
}

std::int64_t held_by(const VerificationLease& lease, const std::string& tenant_id) {
  const auto held = lease.held.find(tenant_id);
  return held == lease.held.end() ? 0 : held->second;
}

// `set` ends the lease in its own way.
Result<void> end_lease(Connection& db, std::string_view set,
                       const model::Verification& verification, const Param& value, WallTime time) {
  const std::string sql = "UPDATE verifications SET lease_owner = '', leases = 0, " +
                          std::string(set) +
                          " WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'open'"
                          " AND lease_owner <> ''";
  TRY(changed,
      db.execute(sql, {verification.tenant_id, verification.id, verification.fence, value, time}));
  if (changed > 0) return {};
  return fail(Errc::kConflict, "the verification was given to another node, or is gone");
}

}  // namespace

Result<void> insert_verification(Connection& db, const model::Verification& verification) {
  return done(db.execute(
      "INSERT INTO verifications (" VERIFICATION_COLUMNS
      ", state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      {verification.tenant_id, verification.id, verification.email, encode(verification.options),
       verification.timeout_ms, verification.metadata, BlobView{verification.result},
       verification.created_at, verification.finished_at, verification.claimable_at,
       verification.lease_owner, verification.fence, verification.leases, verification.times_parked,
       verification.done() ? "done" : "open"}));
}

Result<model::Verification> find_verification(Connection& db, std::string_view tenant_id,
                                              std::string_view id) {
  return expect_found(find_row(db,
                               "SELECT " VERIFICATION_COLUMNS
                               " FROM verifications WHERE tenant_id = $1 AND id = $2",
                               {tenant_id, id}, verification_of),
                      "verification");
}

Result<std::vector<model::Verification>> lease_verifications(Connection& db,
                                                             const VerificationLease& lease) {
  TRY(tenants, find_tenants(db, lease.now));
  std::ranges::sort(tenants, {}, [&](const std::string& tenant_id) {
    return std::pair(held_by(lease, tenant_id), tenant_id);
  });
  const std::int64_t share =
      std::max<std::int64_t>(1, lease.rows_max / std::max<std::int64_t>(1, std::ssize(tenants)));
  std::vector<Key> keys;
  for (const std::string& tenant_id : tenants) {
    const std::int64_t room = std::min({share, lease.rows_max - std::ssize(keys),
                                        lease.rows_per_tenant_max - held_by(lease, tenant_id)});
    if (room <= 0) continue;
    TRY(due, find_rows(db,
                       "SELECT tenant_id, id FROM verifications WHERE state = 'open'"
                       " AND tenant_id = $1 AND claimable_at <= $2"
                       " ORDER BY claimable_at, id LIMIT $3",
                       {tenant_id, lease.now, room}, key_of));
    keys.insert(keys.end(), std::make_move_iterator(due.begin()),
                std::make_move_iterator(due.end()));
  }
  return take_all(db, keys, lease);
}

// The condition is that of the index verifications_suspect.
Result<std::int64_t> most_leases_of_due(Connection& db, WallTime now) {
  return find_integer(db,
                      "SELECT COALESCE(MAX(leases), 0) FROM verifications"
                      " WHERE state = 'open' AND leases >= 5 AND claimable_at <= $1",
                      {now});
}

Result<std::vector<model::Verification>> lease_suspects(Connection& db,
                                                        const VerificationLease& lease) {
  TRY(keys, find_rows(db,
                      "SELECT tenant_id, id FROM verifications"
                      " WHERE state = 'open' AND leases >= 5 AND claimable_at <= $1"
                      " ORDER BY leases DESC, tenant_id, id LIMIT $2",
                      {lease.now, lease.rows_max}, key_of));
  return take_all(db, keys, lease);
}

Result<void> finish_verification(Connection& db, const model::Verification& verification,
                                 std::string_view result, WallTime now) {
  return end_lease(db, "state = 'done', result = $4, finished_at = $5", verification,
                   BlobView{result}, now);
}

Result<void> park_verification(Connection& db, const model::Verification& verification,
                               WallTime until) {
  return end_lease(db, "times_parked = $4, claimable_at = $5", verification,
                   verification.times_parked + 1, until);
}

Result<std::int64_t> release_verifications(Connection& db, std::string_view node_id, LeaseEnd how) {
  return db.execute(
      "UPDATE verifications SET lease_owner = '', claimable_at = created_at, fence = fence + 1,"
      " leases = leases - $2 WHERE state = 'open' AND lease_owner = $1",
      {node_id, std::int64_t{how == LeaseEnd::kOrderly}});
}

Result<std::optional<WallTime>> next_verification_time(Connection& db) {
  return find_row(db,
                  "SELECT claimable_at FROM verifications WHERE state = 'open'"
                  " ORDER BY claimable_at LIMIT 1",
                  {}, [](const Row& row) { return row.time(0); });
}

Result<std::int64_t> count_open_verifications(Connection& db) {
  return find_integer(db, "SELECT COUNT(*) FROM verifications WHERE state = 'open'");
}

}  // namespace verihook::store
