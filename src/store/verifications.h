// Repository of verifications that are answered later. All functions run inside Database::read or
// ::write; the writing ones compose, so that a result and its event are one transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/verification.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_verification(Connection& db, const model::Verification& verification);
Result<model::Verification> find_verification(Connection& db, std::string_view tenant_id,
                                              std::string_view id);

struct VerificationLease {
  std::string_view node_id;
  WallTime now{};
  WallTime until{};
  std::int64_t rows_max = 0;
  std::int64_t rows_per_tenant_max = 0;
  // What each tenant has in progress on this node: who has the fewest goes first.
  std::map<std::string, std::int64_t> held{};
};
// Takes what is due, each tenant's oldest first. Not everything that is due, perhaps, when tenants
// differ: call it again while there is room.
Result<std::vector<model::Verification>> lease_verifications(Connection& db,
                                                             const VerificationLease& lease);
// The most leases that anything due has behind it, of those that have many; 0 when there is none.
Result<std::int64_t> most_leases_of_due(Connection& db, WallTime now);
// Takes what is due with the most leases behind it, whoever's it is.
Result<std::vector<model::Verification>> lease_suspects(Connection& db,
                                                        const VerificationLease& lease);

// Both end the lease; kConflict when it was another's already.
Result<void> finish_verification(Connection& db, const model::Verification& verification,
                                 std::string_view result, WallTime now);
Result<void> park_verification(Connection& db, const model::Verification& verification,
                               WallTime until);

// What the node has is free again. After an orderly stop the leases do not count as crashes; at the
// start, what a former run of the node left does.
enum class LeaseEnd { kOrderly, kCrash };
Result<std::int64_t> release_verifications(Connection& db, std::string_view node_id, LeaseEnd how);

// When the first that is not done may be taken.
Result<std::optional<WallTime>> next_verification_time(Connection& db);
Result<std::int64_t> count_open_verifications(Connection& db);

}  // namespace verihook::store
