#include "store/replays.h"

#include "base/ids.h"
#include "store/codec.h"
#include "store/delivery_state.h"
#include "store/event_rows.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

#define REPLAY_COLUMNS                                                                \
  "tenant_id, id, mode, state, filter_type, filter_job_id, filter_source,"            \
  " filter_destination_id, filter_since, filter_until, filter_text, rate_per_second," \
  " total_count, issued_count, position, end_id, created_at, finished_at"

model::Replay replay_of(const Row& row) {
  model::Replay replay;
  replay.tenant_id = row.string(0);
  replay.id = row.string(1);
  replay.mode = decode_replay_mode(row.text(2));
  replay.state = decode_replay_state(row.text(3));
  replay.which.type = row.string(4);
  replay.which.job_id = row.string(5);
  replay.which.source = row.string(6);
  replay.which.destination_id = row.string(7);
  replay.which.since = row.optional_time(8);
  replay.which.until = row.optional_time(9);
  replay.which.text = row.string(10);
  replay.rate_per_second = row.real(11);
  replay.total_count = row.integer(12);
  replay.issued_count = row.integer(13);
  replay.cursor = row.string(14);
  replay.end = row.string(15);
  replay.created_at = row.time(16);
  replay.finished_at = row.optional_time(17);
  return replay;
}

Select dead_letters_of(std::string_view columns, const model::Replay& replay) {
  Select select("SELECT " + std::string(columns) + " FROM deliveries WHERE tenant_id = ",
                replay.tenant_id);
  where_state(select, model::DeliveryState::kDead);
  select.where("id > ", replay.cursor).where("id < ", replay.end);
  where_delivery(select, replay.which);
  return select;
}

}  // namespace

Result<void> insert_replay(Connection& db, const model::Replay& replay) {
  const model::EventSelection& which = replay.which;
  return done(db.execute(
      "INSERT INTO replays (" REPLAY_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
      " $11, $12, $13, $14, $15, $16, $17, $18)",
      {replay.tenant_id, replay.id, name_of(replay.mode), name_of(replay.state), which.type,
       which.job_id, which.source, which.destination_id, which.since, which.until, which.text,
       replay.rate_per_second, replay.total_count, replay.issued_count, replay.cursor, replay.end,
       replay.created_at, replay.finished_at}));
}

Result<void> update_replay(Connection& db, const model::Replay& replay) {
  return expect_changed(
      db.execute("UPDATE replays SET state = $3, issued_count = $4, position = $5,"
                 " finished_at = $6 WHERE tenant_id = $1 AND id = $2",
                 {replay.tenant_id, replay.id, name_of(replay.state), replay.issued_count,
                  replay.cursor, replay.finished_at}),
      "replay");
}

Result<model::Replay> find_replay(Connection& db, std::string_view tenant_id, std::string_view id) {
  return expect_found(
      find_row(db, "SELECT " REPLAY_COLUMNS " FROM replays WHERE tenant_id = $1 AND id = $2",
               {tenant_id, id}, replay_of),
      "replay");
}

Result<std::vector<model::Replay>> list_replays(Connection& db, std::string_view tenant_id,
                                                std::string_view before_id, std::int64_t limit) {
  Select select("SELECT " REPLAY_COLUMNS " FROM replays WHERE tenant_id = ", tenant_id);
  if (!before_id.empty()) select.where("id < ", before_id);
  select.add(" ORDER BY id DESC LIMIT ", limit);
  return select.rows(db, replay_of);
}

Result<std::vector<model::Replay>> open_replays(Connection& db) {
  return find_rows(db,
                   "SELECT " REPLAY_COLUMNS " FROM replays WHERE finished_at IS NULL ORDER BY id",
                   {}, replay_of);
}

Result<model::ReplayCounts> count_replay(Connection& db, std::string_view tenant_id,
                                         std::string_view id) {
  model::ReplayCounts counts;
  TRY_VOID(
      db.query("SELECT state, COUNT(*) FROM deliveries WHERE tenant_id = $1"
               " AND replay_id <> '' AND replay_id = $2 GROUP BY state",
               {tenant_id, id}, [&](const Row& row) {
                 const auto state = decode_delivery_state(row.text(0));
                 using enum model::DeliveryState;
                 if (state == kPending) counts.pending = row.integer(1);
                 if (state == kDelivered) counts.delivered = row.integer(1);
                 if (state == kDead) counts.dead = row.integer(1);
                 return true;
               }));
  return counts;
}

Result<std::vector<model::Delivery>> next_dead_letters(Connection& db, const model::Replay& replay,
                                                       std::int64_t limit) {
  Select select = dead_letters_of(DELIVERY_COLUMNS, replay);
  select.add(" ORDER BY id LIMIT ", limit);
  return select.rows(db, delivery_of);
}

Result<std::int64_t> count_dead_letters(Connection& db, const model::Replay& replay) {
  TRY(counts,
      dead_letters_of("COUNT(*)", replay).rows(db, [](const Row& row) { return row.integer(0); }));
  return counts.front();
}

Result<std::vector<model::Event>> next_events(Connection& db, const model::Replay& replay,
                                              std::int64_t limit) {
  // What is not needed to find its destinations is not read.
  Select select(
      "SELECT tenant_id, id, type, origin, job_id, source_id, source_name, '', '', '', '',"
      " created_at, status, retry_count FROM events WHERE tenant_id = ",
      replay.tenant_id);
  select.where("id > ", replay.cursor).where("id < ", replay.end);
  where_event(select, replay.which);
  select.add(" ORDER BY id LIMIT ", limit);
  return select.rows(db, event_of);
}

Result<bool> was_addressed(Connection& db, const model::Event& event,
                           std::string_view destination_id) {
  TRY(count, find_integer(db,
                          "SELECT COUNT(*) FROM deliveries WHERE tenant_id = $1 AND event_id = $2"
                          " AND destination_id = $3 AND state <> 'cancelled'",
                          {event.tenant_id, event.id, destination_id}));
  return count > 0;
}

Result<std::int64_t> call_off(Connection& db, const model::Replay& replay, WallTime now,
                              std::int64_t limit) {
  struct Issued {
    std::string id;
    std::string event_id;
  };
  TRY(issued, find_rows(db,
                        "SELECT id, event_id FROM deliveries WHERE tenant_id = $1"
                        " AND replay_id <> '' AND replay_id = $2 AND state = 'pending' LIMIT $3",
                        {replay.tenant_id, replay.id, limit}, [](const Row& row) {
                          return Issued{.id = row.string(0), .event_id = row.string(1)};
                        }));
  const auto state = replay.mode == model::ReplayMode::kFailed ? model::DeliveryState::kDead
                                                               : model::DeliveryState::kCancelled;
  for (const Issued& one : issued) {
    TRY_VOID(
        db.execute("UPDATE deliveries SET state = $3, finished_at = $4, lease_owner = '',"
                   " lease_until = 0, claimable_at = 0 WHERE tenant_id = $1 AND id = $2",
                   {replay.tenant_id, one.id, to_string(state), now}));
    TRY_VOID(refresh_event(db, replay.tenant_id, one.event_id));
  }
  return std::ssize(issued);
}

}  // namespace verihook::store
