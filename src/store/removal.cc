#include "store/removal.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/codec.h"
#include "store/jobs.h"
#include "store/row_counts.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

struct JobKey {
  std::string tenant_id;
  std::string job_id;
};

JobKey key_of(const Row& row) { return {.tenant_id = row.string(0), .job_id = row.string(1)}; }

// What is kept of each chunk; the row that says that there is one goes last.
constexpr std::array<std::string_view, 4> kDeleteChunks = {
#define CHUNKS_BETWEEN " WHERE tenant_id = $1 AND job_id = $2 AND number >= $3 AND number < $4"
    "DELETE FROM chunk_inputs" CHUNKS_BETWEEN,
    "DELETE FROM chunk_segments" CHUNKS_BETWEEN,
    "DELETE FROM chunk_results" CHUNKS_BETWEEN,
    "DELETE FROM chunks" CHUNKS_BETWEEN,
};

struct EventKey {
  std::string tenant_id;
  std::string event_id;
};

// An event with all that was tried to tell it.
Result<void> delete_event(Connection& db, const EventKey& key) {
  TRY_VOID(
      db.execute("DELETE FROM attempts WHERE tenant_id = $1 AND delivery_id IN"
                 " (SELECT id FROM deliveries WHERE tenant_id = $1 AND event_id = $2)",
                 {key.tenant_id, key.event_id}));
  TRY(deliveries, db.execute("DELETE FROM deliveries WHERE tenant_id = $1 AND event_id = $2",
                             {key.tenant_id, key.event_id}));
  TRY_VOID(count_rows(db, Counted::kDeliveries, -deliveries));
  TRY(origin, find_row(db, "DELETE FROM events WHERE tenant_id = $1 AND id = $2 RETURNING origin",
                       {key.tenant_id, key.event_id},
                       [](const Row& row) { return decode_event_origin(row.text(0)); }));
  if (origin != model::EventOrigin::kReceived) return {};
  return count_rows(db, Counted::kReceivedEvents, -1);
}

Result<bool> remove_chunks(Connection& db, const JobKey& job, std::int64_t chunks_max) {
  TRY(first, find_row(db,
                      "SELECT number FROM chunks WHERE tenant_id = $1 AND job_id = $2"
                      " ORDER BY number LIMIT 1",
                      {job.tenant_id, job.job_id}, [](const Row& row) { return row.integer(0); }));
  if (!first) return false;
  TRY_VOID(delete_chunks(db, job.tenant_id, job.job_id, *first, *first + chunks_max));
  return true;
}

Result<bool> remove_rejected_entries(Connection& db, const JobKey& job, std::int64_t rows_max) {
  TRY(count, db.execute("DELETE FROM rejected_entries WHERE tenant_id = $1 AND job_id = $2"
                        " AND number IN (SELECT number FROM rejected_entries"
                        " WHERE tenant_id = $1 AND job_id = $2 ORDER BY number LIMIT $3)",
                        {job.tenant_id, job.job_id, rows_max}));
  return count > 0;
}

Result<bool> remove_events(Connection& db, const JobKey& job, std::int64_t events_max) {
  TRY(events, find_rows(db,
                        "SELECT e.tenant_id, e.id FROM events e WHERE e.tenant_id = $1"
                        " AND e.job_id <> '' AND e.job_id = $2 AND e.origin = 'produced'"
                        " AND NOT EXISTS (SELECT 1 FROM deliveries d"
                        " WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id"
                        " AND d.state IN ('pending', 'dead')) ORDER BY e.id LIMIT $3",
                        {job.tenant_id, job.job_id, events_max}, [](const Row& row) {
                          return EventKey{.tenant_id = row.string(0), .event_id = row.string(1)};
                        }));
  for (const EventKey& event : events) TRY_VOID(delete_event(db, event));
  return !events.empty();
}

}  // namespace

Result<void> delete_chunks(Connection& db, std::string_view tenant_id, std::string_view job_id,
                           std::int64_t begin, std::int64_t end) {
  for (const std::string_view sql : kDeleteChunks) {
    TRY_VOID(db.execute(sql, {tenant_id, job_id, begin, end}));
  }
  return {};
}

Result<void> delete_job(Connection& db, std::string_view tenant_id, std::string_view job_id) {
  TRY_VOID(expect_changed(
      db.execute("DELETE FROM jobs WHERE tenant_id = $1 AND id = $2", {tenant_id, job_id}), "job"));
  return done(db.execute("INSERT INTO removed_jobs (tenant_id, job_id) VALUES ($1, $2)",
                         {tenant_id, job_id}));
}

Result<std::int64_t> delete_unfinished_intakes(Connection& db) {
  TRY(unfinished,
      find_rows(db, "SELECT tenant_id, id FROM jobs WHERE state = 'parsing'", {}, key_of));
  for (const JobKey& job : unfinished) TRY_VOID(delete_job(db, job.tenant_id, job.job_id));
  return static_cast<std::int64_t>(unfinished.size());
}

Result<bool> remove_job_slice(Connection& db, const SliceLimits& limits) {
  TRY(job, find_row(db, "SELECT tenant_id, job_id FROM removed_jobs LIMIT 1", {}, key_of));
  if (!job) return false;
  TRY(had_chunks, remove_chunks(db, *job, limits.chunks));
  if (had_chunks) return true;
  TRY(had_rejected, remove_rejected_entries(db, *job, limits.rows));
  if (had_rejected) return true;
  TRY(had_events, remove_events(db, *job, limits.rows));
  if (had_events) return true;
  TRY_VOID(db.execute("DELETE FROM removed_jobs WHERE tenant_id = $1 AND job_id = $2",
                      {job->tenant_id, job->job_id}));
  return true;
}

Result<std::int64_t> count_removed_jobs(Connection& db) {
  return find_integer(db, "SELECT COUNT(*) FROM removed_jobs");
}

Result<std::vector<std::string>> find_event_ids(Connection& db, std::string_view tenant_id,
                                                std::string_view after_id,
                                                std::string_view before_id, std::int64_t limit) {
  return find_rows(db,
                   "SELECT id FROM events WHERE tenant_id = $1 AND id > $2 AND id < $3"
                   " ORDER BY id LIMIT $4",
                   {tenant_id, after_id, before_id, limit},
                   [](const Row& row) { return row.string(0); });
}

Result<void> remove_told_events(Connection& db, std::string_view tenant_id,
                                const std::vector<std::string>& event_ids) {
  for (const std::string& event_id : event_ids) {
    TRY(pending, find_integer(db,
                              "SELECT COUNT(*) FROM deliveries WHERE tenant_id = $1"
                              " AND event_id = $2 AND state = 'pending'",
                              {tenant_id, event_id}));
    if (pending > 0) continue;
    TRY_VOID(delete_event(db, {.tenant_id = std::string(tenant_id), .event_id = event_id}));
  }
  return {};
}

Result<std::int64_t> remove_verifications(Connection& db, std::string_view tenant_id,
                                          std::string_view before_id, std::int64_t limit) {
  return db.execute(
      "DELETE FROM verifications WHERE (tenant_id, id) IN (SELECT tenant_id, id"
      " FROM verifications WHERE tenant_id = $1 AND id < $2 AND state = 'done'"
      " ORDER BY id LIMIT $3)",
      {tenant_id, before_id, limit});
}

Result<std::int64_t> remove_remote_jobs(Connection& db, std::string_view tenant_id, WallTime before,
                                        std::int64_t limit) {
  return db.execute(
      "DELETE FROM remote_jobs WHERE (tenant_id, source_name, job_id) IN"
      " (SELECT tenant_id, source_name, job_id FROM remote_jobs"
      " WHERE tenant_id = $1 AND updated_at < $2 LIMIT $3)",
      {tenant_id, before, limit});
}

Result<std::int64_t> remove_replays(Connection& db, std::string_view tenant_id, WallTime before,
                                    std::int64_t limit) {
  return db.execute(
      "DELETE FROM replays WHERE (tenant_id, id) IN (SELECT r.tenant_id, r.id FROM replays r"
      " WHERE r.tenant_id = $1 AND r.finished_at < $2 AND NOT EXISTS (SELECT 1 FROM deliveries v"
      " WHERE v.tenant_id = r.tenant_id AND v.replay_id = r.id AND v.replay_id <> ''"
      " AND v.state = 'pending') LIMIT $3)",
      {tenant_id, before, limit});
}

Result<std::int64_t> remove_job_endpoints(Connection& db, std::int64_t limit) {
  return db.execute(
      "DELETE FROM destinations WHERE (tenant_id, id) IN (SELECT d.tenant_id, d.id"
      " FROM destinations d WHERE d.job_id <> ''"
      " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.tenant_id = d.tenant_id AND j.id = d.job_id)"
      " AND NOT EXISTS (SELECT 1 FROM verifications s WHERE s.tenant_id = d.tenant_id"
      " AND s.id = d.job_id AND s.state = 'open')"
      " AND NOT EXISTS (SELECT 1 FROM deliveries v WHERE v.tenant_id = d.tenant_id"
      " AND v.destination_id = d.id AND v.state IN ('pending', 'dead')) LIMIT $1)",
      {limit});
}

}  // namespace verihook::store
