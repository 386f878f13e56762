#include <algorithm>
#include <tuple>

#include "store/codec.h"
#include "store/event_rows.h"
#include "store/events.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

// Deliveries of paused destinations that one call moves out of the way; the next call moves more.
constexpr std::size_t kPutAsideMax = 4096;

// What stands in the index of due deliveries, earliest first.
struct Candidates {
  std::vector<model::Delivery> due;
  std::vector<model::Delivery> parked;    // their destination takes nothing at present
  std::vector<model::Delivery> orphaned;  // their destination is gone
};

// LEFT JOIN keeps SQLite on the order of deliveries_due; the destination is one look-up by key.
Result<Candidates> find_candidates(Connection& db, WallTime now, WallTime until,
                                   std::size_t limit) {
  Candidates found;
  TRY_VOID(
      db.query("SELECT " DELIVERY_COLUMNS ", d.state FROM deliveries v LEFT JOIN destinations d"
               " ON d.tenant_id = v.tenant_id AND d.id = v.destination_id"
               " WHERE v.state = 'pending' AND v.claimable_at <= $1"
               " AND (v.lease_owner = '' OR v.lease_until <= $2) ORDER BY v.claimable_at, v.id",
               {until, now}, [&](const Row& row) {
                 if (found.due.size() == limit) return false;
                 constexpr int kDestinationState = 13;
                 if (row.is_null(kDestinationState)) {
                   found.orphaned.push_back(delivery_of(row));
                 } else if (row.text(kDestinationState) != "active") {
                   found.parked.push_back(delivery_of(row));
                 } else {
                   found.due.push_back(delivery_of(row));
                 }
                 return found.parked.size() + found.orphaned.size() < kPutAsideMax;
               }));
  return found;
}

Result<void> put_aside(Connection& db, const Candidates& candidates, WallTime now) {
  for (const model::Delivery& delivery : candidates.parked) {
    TRY_VOID(
        db.execute("UPDATE deliveries SET claimable_at = 9223372036854775807"
                   " WHERE tenant_id = $1 AND id = $2",
                   {delivery.tenant_id, delivery.id}));
  }
  for (model::Delivery delivery : candidates.orphaned) {
    delivery.state = model::DeliveryState::kCancelled;
    delivery.finished_at = now;
    delivery.lease_owner.clear();
    TRY_VOID(update_delivery(db, delivery));
  }
  return {};
}

// False when another node was quicker.
Result<bool> lease(Connection& db, model::Delivery& delivery, std::string_view node_id,
                   WallTime now, WallTime lease_until) {
  TRY(changed,
      db.execute("UPDATE deliveries SET lease_owner = $3, lease_until = $4, claimable_at = $5"
                 " WHERE tenant_id = $1 AND id = $2 AND state = 'pending'"
                 " AND (lease_owner = '' OR lease_until <= $6)",
                 {delivery.tenant_id, delivery.id, node_id, lease_until,
                  std::max(lease_until, delivery.next_attempt_at), now}));
  delivery.lease_owner = node_id;
  delivery.lease_until = lease_until;
  return changed > 0;
}

}  // namespace

Result<std::vector<DueDelivery>> lease_due_deliveries(Connection& db, std::string_view node_id,
                                                      WallTime now, WallTime until,
                                                      WallTime lease_until, std::int64_t limit) {
  TRY(candidates, find_candidates(db, now, until, static_cast<std::size_t>(limit)));
  TRY_VOID(put_aside(db, candidates, now));
  // Those with a lapsed lease stand where their lease ended.
  std::ranges::sort(candidates.due, {}, [](const model::Delivery& delivery) {
    return std::tie(delivery.next_attempt_at, delivery.id);
  });
  std::vector<DueDelivery> leased;
  for (model::Delivery& delivery : candidates.due) {
    auto event = find_event(db, delivery.tenant_id, delivery.event_id);
    if (!event && event.error().code == Errc::kNotFound) {
      Candidates without_event;
      without_event.orphaned.push_back(delivery);
      TRY_VOID(put_aside(db, without_event, now));
      continue;
    }
    if (!event) return std::unexpected(std::move(event).error());
    TRY(ours, lease(db, delivery, node_id, now, lease_until));
    if (ours) leased.push_back({.delivery = std::move(delivery), .event = *std::move(event)});
  }
  return leased;
}

Result<std::optional<WallTime>> next_due_time(Connection& db, WallTime now) {
  return find_row(
      db,
      "SELECT v.next_attempt_at FROM deliveries v CROSS JOIN destinations d"
      " WHERE v.state = 'pending' AND v.claimable_at < 9223372036854775807"
      " AND (v.lease_owner = '' OR v.lease_until <= $1)"
      " AND d.tenant_id = v.tenant_id AND d.id = v.destination_id AND d.state = 'active'"
      " ORDER BY v.claimable_at, v.id LIMIT 1",
      {now}, [](const Row& row) { return row.time(0); });
}

}  // namespace verihook::store
