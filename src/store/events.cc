#include "store/events.h"

#include "base/ids.h"
#include "store/codec.h"
#include "store/event_rows.h"
#include "store/row_counts.h"
#include "store/rows.h"

namespace verihook::store {

void where_event(Select& select, const model::EventSelection& which) {
  if (!which.type.empty()) select.where("type = ", which.type);
  // The partial indexes are used when their condition stands in the query.
  if (!which.job_id.empty()) select.where("job_id <> '' AND job_id = ", which.job_id);
  if (!which.source.empty()) select.where("source_name <> '' AND source_name = ", which.source);
  where_made(select, id_prefix::kEvent, which);
  if (which.text.empty()) return;
  select.where_text("CAST(body AS TEXT) LIKE ", like_pattern(which.text)).literally(kEscape);
}

void where_made(Select& select, std::string_view prefix, const model::EventSelection& which) {
  if (which.since) select.where_text("id >= ", id_floor(prefix, *which.since));
  if (which.until) select.where_text("id < ", id_floor(prefix, *which.until));
}

std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern + "%";
}

model::Event event_of(const Row& row) {
  model::Event event;
  event.tenant_id = row.string(0);
  event.id = row.string(1);
  event.type = row.string(2);
  event.origin = decode_event_origin(row.text(3));
  event.job_id = row.string(4);
  event.source_id = row.string(5);
  event.source_name = row.string(6);
  event.body = row.string(7);
  event.request_headers = row.string(8);
  event.peer = row.string(9);
  event.dedup_key = row.string(10);
  event.created_at = row.time(11);
  event.status = decode_event_status(row.text(12));
  event.retry_count = row.integer(13);
  return event;
}

Result<void> insert_event(Connection& db, const model::Event& event) {
  if (event.origin == model::EventOrigin::kReceived) {
    TRY_VOID(count_rows(db, Counted::kReceivedEvents, 1));
  }
  return done(db.execute(
      "INSERT INTO events (" EVENT_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
      {event.tenant_id, event.id, event.type, name_of(event.origin), event.job_id, event.source_id,
       event.source_name, BlobView{event.body}, event.request_headers, event.peer, event.dedup_key,
       event.created_at, to_string(event.status), event.retry_count}));
}

Result<model::Event> find_event(Connection& db, std::string_view tenant_id,
                                std::string_view event_id) {
  return expect_found(
      find_row(db, "SELECT " EVENT_COLUMNS " FROM events WHERE tenant_id = $1 AND id = $2",
               {tenant_id, event_id}, event_of),
      "event");
}

Result<std::vector<model::Event>> list_events(Connection& db, std::string_view tenant_id,
                                              const EventFilter& filter) {
  Select select("SELECT " EVENT_COLUMNS " FROM events WHERE tenant_id = ", tenant_id);
  where_event(select, filter);
  if (!filter.destination_id.empty()) {
    select
        .where(
            "EXISTS (SELECT 1 FROM deliveries v WHERE v.tenant_id = events.tenant_id"
            " AND v.event_id = events.id AND v.destination_id = ",
            filter.destination_id)
        .literally(")");
  }
  if (filter.status) select.where_word("status", to_string(*filter.status));
  if (!filter.before_id.empty()) select.where("id < ", filter.before_id);
  select.add(" ORDER BY id DESC LIMIT ", filter.limit);
  return select.rows(db, event_of);
}

Result<bool> remember_dedup_key(Connection& db, std::string_view source_id, std::string_view key,
                                std::string_view event_id, WallTime now) {
  TRY(added, db.execute("INSERT INTO dedup_keys (source_id, key, event_id, created_at)"
                        " VALUES ($1, $2, $3, $4) ON CONFLICT (source_id, key) DO NOTHING",
                        {source_id, key, event_id, now}));
  return added > 0;
}

Result<std::optional<std::string>> find_dedup_key(Connection& db, std::string_view source_id,
                                                  std::string_view key) {
  return find_row(db, "SELECT event_id FROM dedup_keys WHERE source_id = $1 AND key = $2",
                  {source_id, key}, [](const Row& row) { return row.string(0); });
}

Result<bool> has_dedup_keys(Connection& db, std::string_view source_id) {
  TRY(found, find_row(db, "SELECT 1 FROM dedup_keys WHERE source_id = $1 LIMIT 1", {source_id},
                      [](const Row&) { return true; }));
  return found.has_value();
}

Result<std::vector<WallTime>> latest_event_times(Connection& db, std::string_view tenant_id,
                                                 std::string_view source_name, std::int64_t limit) {
  return find_rows(db,
                   "SELECT created_at FROM events WHERE tenant_id = $1 AND source_name <> ''"
                   " AND source_name = $2 ORDER BY id DESC LIMIT $3",
                   {tenant_id, source_name, limit}, [](const Row& row) { return row.time(0); });
}

Result<std::int64_t> count_dead_letters_of(Connection& db, std::string_view tenant_id) {
  Select select("SELECT COUNT(*) FROM deliveries WHERE tenant_id = ", tenant_id);
  where_state(select, model::DeliveryState::kDead);
  TRY(counts, select.rows(db, [](const Row& row) { return row.integer(0); }));
  return counts.front();
}

Result<std::int64_t> forget_dedup_keys(Connection& db, WallTime before, std::int64_t limit) {
  return db.execute(
      "DELETE FROM dedup_keys WHERE (source_id, key) IN (SELECT source_id, key FROM dedup_keys"
      " WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
      {before, limit});
}

Result<ReceivedCounts> count_received(Connection& db) {
  ReceivedCounts counts;
  TRY(received, row_count(db, Counted::kReceivedEvents));
  counts.received = counts.processed = received;
  TRY_VOID(
      db.query("SELECT status, COUNT(*) FROM events WHERE origin = 'received'"
               " AND status <> 'processed' GROUP BY status",
               {}, [&](const Row& row) {
                 counts.processed -= row.integer(1);
                 if (decode_event_status(row.text(0)) == model::EventStatus::kDead) {
                   counts.failed = row.integer(1);
                 }
                 return true;
               }));
  return counts;
}

}  // namespace verihook::store
