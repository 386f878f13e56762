#include "store/delivery_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/delivery_state.h"
#include "store/destinations.h"
#include "store/event_rows.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

// What waits in the queue of a destination, not yet read as a whole.
struct Candidate {
  std::string id;
  WallTime claimable_at{};
};

constexpr std::string_view kEarliest =
    "SELECT id, claimable_at FROM deliveries"
    " WHERE tenant_id = $1 AND destination_id = $2 AND state = 'pending' AND turn = $4"
    " ORDER BY claimable_at LIMIT $3";

constexpr std::string_view kEarliestWithoutJob =
    "SELECT id, claimable_at FROM deliveries"
    " WHERE tenant_id = $1 AND destination_id = $2 AND state = 'pending' AND turn = $4"
    " AND job_id = '' ORDER BY claimable_at LIMIT $3";

// Steps from job to job in deliveries_job, and looks at the first delivery of each: the length of
// a job's own queue costs nothing.
constexpr std::string_view kFirstOfEachJob =
    "WITH RECURSIVE jobs (job_id) AS ("
    " SELECT MIN(job_id) FROM deliveries WHERE tenant_id = $1 AND destination_id = $2"
    "  AND state = 'pending' AND job_id <> ''"
    " UNION ALL"
    " SELECT (SELECT MIN(n.job_id) FROM deliveries n WHERE n.tenant_id = $1"
    "  AND n.destination_id = $2 AND n.state = 'pending' AND n.job_id <> ''"
    "  AND n.job_id > jobs.job_id) FROM jobs WHERE jobs.job_id IS NOT NULL)"
    " SELECT v.id, v.claimable_at FROM jobs JOIN deliveries v ON v.tenant_id = $1 AND v.id = ("
    "  SELECT o.id FROM deliveries o WHERE o.tenant_id = $1 AND o.destination_id = $2"
    "  AND o.state = 'pending' AND o.job_id <> '' AND o.job_id = jobs.job_id"
    "  ORDER BY o.created_at, o.id LIMIT 1)"
    " ORDER BY v.claimable_at LIMIT $3";

// Two lines: what is new, and what is replayed, which waits behind all of the first that is due.
// One more of each than may be taken, to learn when the next is due.
Result<std::vector<std::vector<Candidate>>> candidates_of(Connection& db,
                                                          const DestinationLease& lease,
                                                          bool ordered) {
  const auto make = [](const Row& row) { return Candidate{row.string(0), row.time(1)}; };
  const auto find = [&](std::string_view sql, int turn) {
    return find_rows(db, sql, {lease.tenant_id, lease.destination_id, lease.limit + 1, turn}, make);
  };
  std::vector<std::vector<Candidate>> lines;
  for (const int turn : {0, 1}) {
    TRY(line, find(ordered ? kEarliestWithoutJob : kEarliest, turn));
    lines.push_back(std::move(line));
  }
  if (!ordered) return lines;
  // The order of a job's events goes before everything.
  TRY(first_of_jobs, find_rows(db, kFirstOfEachJob,
                               {lease.tenant_id, lease.destination_id, lease.limit + 1}, make));
  std::vector<Candidate> both;
  std::ranges::merge(lines.front(), first_of_jobs, std::back_inserter(both), {},
                     &Candidate::claimable_at, &Candidate::claimable_at);
  lines.front() = std::move(both);
  return lines;
}

Result<void> lease_one(Connection& db, const DestinationLease& lease, const std::string& id,
                       LeasedDeliveries& result) {
  TRY(delivery,
      expect_found(find_row(db,
                            "UPDATE deliveries SET lease_owner = $3, lease_until = $4,"
                            " claimable_at = $4 WHERE tenant_id = $1 AND id = $2"
                            " RETURNING " DELIVERY_COLUMNS,
                            {lease.tenant_id, id, lease.node_id, lease.lease_until}, delivery_of),
                   "delivery"));
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
  return find_rows(
      db,
      "SELECT q.tenant_id, q.destination_id, q.due_at FROM ("
      "SELECT tenant_id, destination_id, MIN(claimable_at) AS due_at "
      "FROM deliveries WHERE state = 'pending' "
      "GROUP BY tenant_id, destination_id) q "
      "LEFT JOIN destinations d ON d.tenant_id = q.tenant_id AND d.id = q.destination_id "
      "WHERE d.state = 'active' OR d.id IS NULL ORDER BY q.due_at LIMIT $1",
      {limit},
      [](const Row& row) { return DestinationDue{row.string(0), row.string(1), row.time(2)}; });
}

Result<LeasedDeliveries> lease_of_destination(Connection& db, const DestinationLease& lease) {
  LeasedDeliveries result;
  auto destination = find_destination(db, lease.tenant_id, lease.destination_id);
  if (!destination && destination.error().code == Errc::kNotFound) {
    TRY_VOID(cancel_deliveries(db, lease.tenant_id, lease.destination_id, lease.now));
    return result;
  }
  if (!destination) return std::unexpected(std::move(destination).error());
  result.destination = std::move(*destination);
  if (result.destination->state != model::DestinationState::kActive) return result;
  TRY(lines, candidates_of(db, lease, result.destination->options.ordered));
  std::int64_t seen = 0;
  for (const std::vector<Candidate>& line : lines) {
    for (const Candidate& candidate : line) {
      if (candidate.claimable_at > lease.now || seen == lease.limit) {
        result.next_due =
            std::min(result.next_due.value_or(candidate.claimable_at), candidate.claimable_at);
        break;
      }
      ++seen;
      TRY_VOID(lease_one(db, lease, candidate.id, result));
    }
  }
  return result;
}

Result<std::optional<WallTime>> newest_pending_of_job(Connection& db, std::string_view tenant_id,
                                                      std::string_view destination_id,
                                                      std::string_view job_id) {
  std::optional<WallTime> newest;
  TRY_VOID(
      db.query("SELECT MAX(created_at) FROM deliveries WHERE tenant_id = $1"
               " AND destination_id = $2 AND state = 'pending' AND job_id <> '' AND job_id = $3",
               {tenant_id, destination_id, job_id}, [&](const Row& row) {
                 newest = row.optional_time(0);
                 return false;
               }));
  return newest;
}

Result<bool> renew_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                         std::string_view node_id, WallTime lease_until) {
  TRY(changed,
      db.execute("UPDATE deliveries SET lease_until = $4, claimable_at = $4"
                 " WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 AND state = 'pending'",
                 {tenant_id, delivery_id, node_id, lease_until}));
  return changed > 0;
}

Result<void> release_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                           std::string_view node_id) {
  return done(db.execute(
      "UPDATE deliveries SET lease_owner = '', lease_until = 0, claimable_at = next_attempt_at"
      " WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 AND state = 'pending'",
      {tenant_id, delivery_id, node_id}));
}

Result<std::int64_t> release_leases(Connection& db, std::string_view node_id) {
  return db.execute(
      "UPDATE deliveries SET lease_owner = '', lease_until = 0, claimable_at = next_attempt_at"
      " WHERE state = 'pending' AND lease_owner = $1",
      {node_id});
}

}  // namespace verihook::store
