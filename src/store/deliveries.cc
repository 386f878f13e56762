#include <algorithm>

#include "base/ids.h"
#include "store/codec.h"
#include "store/delivery_state.h"
#include "store/event_rows.h"
#include "store/events.h"
#include "store/row_counts.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

// When the delivery may be leased: see schema.cc.
WallTime claimable_at(const model::Delivery& delivery) {
  if (delivery.lease_owner.empty()) return delivery.next_attempt_at;
  return std::max(delivery.next_attempt_at, delivery.lease_until);
}

// In the queue of its destination: what is new before what is replayed.
int turn_of(const model::Delivery& delivery) { return delivery.replay_id.empty() ? 0 : 1; }

model::Attempt attempt_of(const Row& row) {
  model::Attempt attempt;
  attempt.tenant_id = row.string(0);
  attempt.id = row.string(1);
  attempt.delivery_id = row.string(2);
  attempt.number = row.integer(3);
  attempt.started_at = row.time(4);
  attempt.status_code = static_cast<int>(row.integer(5));
  attempt.error_class = row.string(6);
  attempt.error = row.string(7);
  attempt.latency_ms = row.real(8);
  attempt.response_head = row.string(9);
  attempt.phases = {.dns_ms = row.optional_real(10),
                    .connect_ms = row.optional_real(11),
                    .tls_ms = row.optional_real(12),
                    .first_byte_ms = row.optional_real(13)};
  return attempt;
}

Result<void> insert_attempt(Connection& db, const model::Attempt& attempt) {
  return done(db.execute(
      "INSERT INTO attempts (tenant_id, id, delivery_id, number, started_at, status_code,"
      " error_class, error, latency_ms, response_head, dns_ms, connect_ms, tls_ms, first_byte_ms)"
      " VALUES ($1, $2, $3, (SELECT COALESCE(MAX(number), 0) + 1 FROM attempts"
      " WHERE tenant_id = $1 AND delivery_id = $3), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {attempt.tenant_id, attempt.id, attempt.delivery_id, attempt.started_at, attempt.status_code,
       attempt.error_class, attempt.error, attempt.latency_ms, BlobView{attempt.response_head},
       attempt.phases.dns_ms, attempt.phases.connect_ms, attempt.phases.tls_ms,
       attempt.phases.first_byte_ms}));
}

// `sql` sets the columns of both forms of update; $3 is the state.
Result<void> write_delivery(Connection& db, std::string_view sql, const model::Delivery& delivery,
                            std::int64_t retries) {
  TRY_VOID(expect_changed(
      db.execute(
          sql, {delivery.tenant_id, delivery.id, to_string(delivery.state), delivery.attempt_count,
                delivery.next_attempt_at, claimable_at(delivery), delivery.lease_owner,
                delivery.lease_until, delivery.last_status_code, delivery.last_error,
                delivery.finished_at, delivery.replay_id, turn_of(delivery)}),
      "delivery"));
  return refresh_event(db, delivery.tenant_id, delivery.event_id, retries);
}

}  // namespace

void where_delivery(Select& select, const model::EventSelection& which) {
  if (!which.destination_id.empty()) select.where("destination_id = ", which.destination_id);
  if (!which.job_id.empty()) select.where("job_id = ", which.job_id);
  where_made(select, id_prefix::kDelivery, which);
  constexpr std::string_view kOfEvent =
      "EXISTS (SELECT 1 FROM events e WHERE e.tenant_id = deliveries.tenant_id"
      " AND e.id = deliveries.event_id AND ";
  if (!which.type.empty()) {
    select.where(std::string(kOfEvent) + "e.type = ", which.type).literally(")");
  }
  if (!which.source.empty()) {
    select.where(std::string(kOfEvent) + "e.source_name = ", which.source).literally(")");
  }
  if (which.text.empty()) return;
  const std::string pattern = like_pattern(which.text);
  select.where_text("(last_error LIKE ", pattern).literally(kEscape);
  select.literally(" OR ").literally(kOfEvent).add_text("CAST(e.body AS TEXT) LIKE ", pattern);
  select.literally(kEscape).literally(")");
  constexpr std::string_view kOfAnswer =
      " OR EXISTS (SELECT 1 FROM attempts a WHERE a.tenant_id = deliveries.tenant_id"
      " AND a.delivery_id = deliveries.id AND ";
  select.literally(kOfAnswer).add_text("CAST(a.response_head AS TEXT) LIKE ", pattern);
  select.literally(kEscape).literally("))");
}

void where_state(Select& select, model::DeliveryState state) {
  if (state != model::DeliveryState::kDelivered) select.literally(" AND state <> 'delivered'");
  select.where_word("state", to_string(state));
}

model::Delivery delivery_of(const Row& row) {
  model::Delivery delivery;
  delivery.tenant_id = row.string(0);
  delivery.id = row.string(1);
  delivery.event_id = row.string(2);
  delivery.destination_id = row.string(3);
  delivery.job_id = row.string(4);
  delivery.state = decode_delivery_state(row.text(5));
  delivery.attempt_count = row.integer(6);
  delivery.next_attempt_at = row.time(7);
  delivery.lease_owner = row.string(8);
  delivery.lease_until = row.time(9);
  delivery.last_status_code = static_cast<int>(row.integer(10));
  delivery.last_error = row.string(11);
  delivery.created_at = row.time(12);
  delivery.finished_at = row.optional_time(13);
  delivery.replay_id = row.string(14);
  return delivery;
}

// One look into deliveries_event for each question: an event may have ten thousand deliveries.
Result<void> refresh_event(Connection& db, std::string_view tenant_id, std::string_view event_id,
                           std::int64_t retries) {
  std::string status;
  TRY_VOID(
      db.query("SELECT CASE"
               " WHEN EXISTS (SELECT 1 FROM deliveries WHERE tenant_id = $1 AND event_id = $2"
               "  AND state = 'dead') THEN 'dead'"
               " WHEN EXISTS (SELECT 1 FROM deliveries WHERE tenant_id = $1 AND event_id = $2"
               "  AND state = 'pending' AND attempt_count > 0) THEN 'failed'"
               " WHEN EXISTS (SELECT 1 FROM deliveries WHERE tenant_id = $1 AND event_id = $2"
               "  AND state = 'pending') THEN 'pending'"
               " ELSE 'processed' END",
               {tenant_id, event_id}, [&](const Row& row) {
                 status = row.string(0);
                 return false;
               }));
  return done(
      db.execute("UPDATE events SET status = $3, retry_count = retry_count + $4"
                 " WHERE tenant_id = $1 AND id = $2 AND (status <> $3 OR $4 > 0)",
                 {tenant_id, event_id, status, retries}));
}

Result<void> cancel_deliveries(Connection& db, std::string_view tenant_id,
                               std::string_view destination_id, WallTime now) {
  TRY(event_ids,
      find_rows(db,
                "SELECT event_id FROM deliveries WHERE tenant_id = $1"
                " AND destination_id = $2 AND state = 'pending'",
                {tenant_id, destination_id}, [](const Row& row) { return row.string(0); }));
  TRY_VOID(
      db.execute("UPDATE deliveries SET state = 'cancelled', finished_at = $3, lease_owner = '',"
                 " lease_until = 0, claimable_at = 0 WHERE tenant_id = $1"
                 " AND destination_id = $2 AND state = 'pending'",
                 {tenant_id, destination_id, now}));
  for (const std::string& event_id : event_ids) TRY_VOID(refresh_event(db, tenant_id, event_id));
  return {};
}

Result<void> insert_delivery(Connection& db, const model::Delivery& delivery) {
  TRY_VOID(db.execute("INSERT INTO deliveries (" DELIVERY_COLUMNS ", claimable_at, turn)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
                      " $16, $17)",
                      {delivery.tenant_id, delivery.id, delivery.event_id, delivery.destination_id,
                       delivery.job_id, to_string(delivery.state), delivery.attempt_count,
                       delivery.next_attempt_at, delivery.lease_owner, delivery.lease_until,
                       delivery.last_status_code, delivery.last_error, delivery.created_at,
                       delivery.finished_at, delivery.replay_id, claimable_at(delivery),
                       turn_of(delivery)}));
  TRY_VOID(count_rows(db, Counted::kDeliveries, 1));
  // A replay: the event is on its way again.
  if (delivery.state != model::DeliveryState::kPending) return {};
  return done(
      db.execute("UPDATE events SET status = 'pending' WHERE tenant_id = $1 AND id = $2"
                 " AND status = 'processed'",
                 {delivery.tenant_id, delivery.event_id}));
}

Result<model::Delivery> find_delivery(Connection& db, std::string_view tenant_id,
                                      std::string_view delivery_id) {
  return expect_found(
      find_row(db, "SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE tenant_id = $1 AND id = $2",
               {tenant_id, delivery_id}, delivery_of),
      "delivery");
}

Result<std::vector<model::Delivery>> list_deliveries(Connection& db, std::string_view tenant_id,
                                                     const DeliveryFilter& filter) {
  Select select("SELECT " DELIVERY_COLUMNS " FROM deliveries WHERE tenant_id = ", tenant_id);
  if (!filter.event_id.empty()) select.where("event_id = ", filter.event_id);
  where_delivery(select, filter);
  if (filter.state) where_state(select, *filter.state);
  if (!filter.before_id.empty()) select.where("id < ", filter.before_id);
  select.add(" ORDER BY id DESC LIMIT ", filter.limit);
  return select.rows(db, delivery_of);
}

Result<void> record_attempt(Connection& db, const model::Attempt& attempt,
                            const model::Delivery& delivery) {
  TRY_VOID(insert_attempt(db, attempt));
  // A delivery that was called off while the attempt was under way is not tried again.
  return write_delivery(db,
                        "UPDATE deliveries SET state = CASE WHEN $3 = 'pending'"
                        " AND state IN ('superseded', 'cancelled') THEN state ELSE $3 END,"
                        " attempt_count = $4, next_attempt_at = $5, claimable_at = $6,"
                        " lease_owner = $7, lease_until = $8, last_status_code = $9,"
                        " last_error = $10, finished_at = COALESCE($11, finished_at),"
                        " replay_id = $12, turn = $13"
                        " WHERE tenant_id = $1 AND id = $2",
                        delivery, delivery.attempt_count > 1 ? 1 : 0);
}

Result<void> record_success(Connection& db, const model::Attempt& attempt,
                            std::string_view event_id, WallTime now) {
  TRY(attempts,
      expect_found(
          find_row(db,
                   "UPDATE deliveries SET state = 'delivered', attempt_count = attempt_count + 1,"
                   " last_status_code = $3, last_error = '', lease_owner = '', lease_until = 0,"
                   " claimable_at = 0, finished_at = $4 WHERE tenant_id = $1 AND id = $2"
                   " RETURNING attempt_count",
                   {attempt.tenant_id, attempt.delivery_id, attempt.status_code, now},
                   [](const Row& row) { return row.integer(0); }),
          "delivery"));
  TRY_VOID(insert_attempt(db, attempt));
  return refresh_event(db, attempt.tenant_id, event_id, attempts > 1 ? 1 : 0);
}

Result<void> update_delivery(Connection& db, const model::Delivery& delivery) {
  return write_delivery(db,
                        "UPDATE deliveries SET state = $3, attempt_count = $4,"
                        " next_attempt_at = $5, claimable_at = $6, lease_owner = $7,"
                        " lease_until = $8, last_status_code = $9, last_error = $10,"
                        " finished_at = $11, replay_id = $12, turn = $13"
                        " WHERE tenant_id = $1 AND id = $2",
                        delivery, 0);
}

Result<std::int64_t> supersede_progress(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, std::string_view destination_id,
                                        std::string_view newer_event_id, WallTime now) {
  struct Older {
    std::string delivery_id;
    std::string event_id;
  };
  TRY(older, find_rows(db,
                       "SELECT v.id, v.event_id FROM deliveries v CROSS JOIN events e"
                       " WHERE v.tenant_id = $1 AND v.destination_id = $3 AND v.job_id = $2"
                       " AND v.job_id <> '' AND v.state = 'pending' AND v.event_id <> $4"
                       " AND e.tenant_id = v.tenant_id AND e.id = v.event_id"
                       " AND e.type = 'bulk.progress'",
                       {tenant_id, job_id, destination_id, newer_event_id}, [](const Row& row) {
                         return Older{.delivery_id = row.string(0), .event_id = row.string(1)};
                       }));
  for (const Older& one : older) {
    TRY_VOID(
        db.execute("UPDATE deliveries SET state = 'superseded', finished_at = $3,"
                   " lease_owner = '', lease_until = 0, claimable_at = 0"
                   " WHERE tenant_id = $1 AND id = $2",
                   {tenant_id, one.delivery_id, now}));
    TRY_VOID(refresh_event(db, tenant_id, one.event_id));
  }
  return static_cast<std::int64_t>(older.size());
}

Result<std::vector<model::Attempt>> list_attempts(Connection& db, std::string_view tenant_id,
                                                  std::string_view delivery_id) {
  return find_rows(db,
                   "SELECT tenant_id, id, delivery_id, number, started_at, status_code,"
                   " error_class, error, latency_ms, response_head, dns_ms, connect_ms, tls_ms,"
                   " first_byte_ms FROM attempts"
                   " WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY number, id",
                   {tenant_id, delivery_id}, attempt_of);
}

Result<DeliveryCounts> count_deliveries(Connection& db) {
  DeliveryCounts counts;
  TRY(all, row_count(db, Counted::kDeliveries));
  counts.delivered = all;
  TRY_VOID(
      db.query("SELECT state, COUNT(*) FROM deliveries WHERE state <> 'delivered' GROUP BY state",
               {}, [&](const Row& row) {
                 const auto state = decode_delivery_state(row.text(0));
                 counts.delivered -= row.integer(1);
                 if (state == model::DeliveryState::kPending) counts.pending = row.integer(1);
                 if (state == model::DeliveryState::kDead) counts.dead = row.integer(1);
                 return true;
               }));
  return counts;
}

}  // namespace verihook::store
