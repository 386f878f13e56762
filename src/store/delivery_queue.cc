#include "store/delivery_queue.h"

#include <utility>

namespace verihook::store {
namespace {

// Where deliveries of paused and disabled destinations wait: later than any real time.
constexpr std::int64_t kHeldUpFromMs = std::int64_t{1} << 52;

constexpr std::string_view kOfDestination = R"(
SELECT d.id, d.claimable_at FROM deliveries d
WHERE d.tenant_id = $1 AND d.destination_id = $2 AND d.state = 'pending'
ORDER BY d.claimable_at LIMIT $3)";

// A pending delivery of the same job that was made before stands in the way of this one.
constexpr std::string_view kOfOrderedDestination = R"(
SELECT d.id, d.claimable_at FROM deliveries d
JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
WHERE d.tenant_id = $1 AND d.destination_id = $2 AND d.state = 'pending'
  AND (e.job_id = '' OR NOT EXISTS (
    SELECT 1 FROM deliveries o JOIN events oe ON oe.tenant_id = o.tenant_id AND oe.id = o.event_id
    WHERE o.tenant_id = d.tenant_id AND o.destination_id = d.destination_id
      AND o.state = 'pending' AND oe.job_id = e.job_id
      AND (o.created_at < d.created_at OR (o.created_at = d.created_at AND o.id < d.id))))
ORDER BY d.claimable_at LIMIT $3)";

Result<void> lease_one(Connection& db, const DestinationLease& lease, const std::string& id,
                       LeasedDeliveries& result) {
  TRY_VOID(
      db.execute("UPDATE deliveries SET lease_owner = $1, lease_until = $2, claimable_at = $2 "
                 "WHERE tenant_id = $3 AND id = $4",
                 {lease.node_id, lease.lease_until, lease.tenant_id, id}));
  TRY(delivery, find_delivery(db, lease.tenant_id, id));
  auto event = find_event(db, lease.tenant_id, delivery.event_id);
  if (!event && event.error().code == Errc::kNotFound) {
    // The event was erased: there is nothing left to deliver.
    delivery.state = model::DeliveryState::kCancelled;
    delivery.finished_at = lease.now;
    delivery.lease_owner.clear();
    delivery.lease_until = {};
    return update_delivery(db, delivery);
  }
  if (!event) return std::unexpected(std::move(event).error());
  result.taken.push_back({.delivery = std::move(delivery), .event = std::move(*event)});
  return {};
}

}  // namespace

Result<std::vector<DestinationDue>> due_destinations(Connection& db, std::int64_t limit) {
  std::vector<DestinationDue> result;
  TRY_VOID(
      db.query("SELECT q.tenant_id, q.destination_id, q.due_at FROM ("
               "SELECT tenant_id, destination_id, MIN(claimable_at) AS due_at "
               "FROM deliveries WHERE state = 'pending' "
               "GROUP BY tenant_id, destination_id) q "
               "JOIN destinations d ON d.tenant_id = q.tenant_id AND d.id = q.destination_id "
               "WHERE d.state = 'active' AND q.due_at < $1 ORDER BY q.due_at LIMIT $2",
               {kHeldUpFromMs, limit}, [&](const Row& row) {
                 result.push_back({row.string(0), row.string(1), row.time(2)});
                 return true;
               }));
  return result;
}

Result<LeasedDeliveries> lease_of_destination(Connection& db, const DestinationLease& lease) {
  std::vector<std::string> due;
  LeasedDeliveries result;
  TRY_VOID(db.query(lease.ordered ? kOfOrderedDestination : kOfDestination,
                    {lease.tenant_id, lease.destination_id, lease.limit + 1}, [&](const Row& row) {
                      const bool wanted = std::cmp_less(due.size(), lease.limit);
                      if (row.time(1) <= lease.now && wanted) {
                        due.push_back(row.string(0));
                        return true;
                      }
                      if (row.integer(1) < kHeldUpFromMs) result.next_due = row.time(1);
                      return false;
                    }));
  for (const std::string& id : due) TRY_VOID(lease_one(db, lease, id, result));
  return result;
}

Result<std::optional<WallTime>> newest_pending_of_job(Connection& db, std::string_view tenant_id,
                                                      std::string_view destination_id,
                                                      std::string_view job_id) {
  std::optional<WallTime> newest;
  TRY_VOID(
      db.query("SELECT MAX(d.created_at) FROM deliveries d "
               "JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id "
               "WHERE d.tenant_id = $1 AND d.destination_id = $2 AND d.state = 'pending' "
               "AND e.job_id = $3",
               {tenant_id, destination_id, job_id}, [&](const Row& row) {
                 newest = row.optional_time(0);
                 return false;
               }));
  return newest;
}

Result<std::int64_t> last_attempt_number(Connection& db, std::string_view tenant_id,
                                         std::string_view delivery_id) {
  std::int64_t number = 0;
  TRY_VOID(db.query("SELECT MAX(number) FROM attempts WHERE tenant_id = $1 AND delivery_id = $2",
                    {tenant_id, delivery_id}, [&](const Row& row) {
                      number = row.integer(0);
                      return false;
                    }));
  return number;
}

Result<bool> renew_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                         std::string_view node_id, WallTime lease_until) {
  TRY(changed,
      db.execute("UPDATE deliveries SET lease_until = $1, "
                 "claimable_at = CASE WHEN claimable_at < $2 THEN $1 ELSE claimable_at END "
                 "WHERE tenant_id = $3 AND id = $4 AND lease_owner = $5 AND state = 'pending'",
                 {lease_until, kHeldUpFromMs, tenant_id, delivery_id, node_id}));
  return changed > 0;
}

Result<void> release_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                           std::string_view node_id) {
  TRY_VOID(db.execute(
      "UPDATE deliveries SET lease_owner = '', lease_until = 0, "
      "claimable_at = CASE WHEN claimable_at < $1 THEN next_attempt_at ELSE claimable_at END "
      "WHERE tenant_id = $2 AND id = $3 AND lease_owner = $4 AND state = 'pending'",
      {kHeldUpFromMs, tenant_id, delivery_id, node_id}));
  return {};
}

Result<std::int64_t> release_leases(Connection& db, std::string_view node_id) {
  return db.execute(
      "UPDATE deliveries SET lease_owner = '', lease_until = 0, "
      "claimable_at = CASE WHEN claimable_at < $1 THEN next_attempt_at ELSE claimable_at END "
      "WHERE state = 'pending' AND lease_owner = $2",
      {kHeldUpFromMs, node_id});
}

}  // namespace verihook::store
