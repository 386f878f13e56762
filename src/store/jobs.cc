#include "store/jobs.h"

#include <array>
#include <span>

#include "store/codec.h"
#include "store/job_rows.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

// Ten columns from `first` on, in the order of SUMMARY_COLUMNS.
model::Summary summary_of(const Row& row, int first) {
  return {.total = row.integer(first),
          .valid = row.integer(first + 1),
          .invalid = row.integer(first + 2),
          .risky = row.integer(first + 3),
          .unknown = row.integer(first + 4),
          .disposable = row.integer(first + 5),
          .catch_all = row.integer(first + 6),
          .role = row.integer(first + 7),
          .free = row.integer(first + 8),
          .duplicates = row.integer(first + 9)};
}

// The values of JOB_COLUMNS, in their order: $1 to $30.
template <class Use>
auto with_columns(const model::Job& job, Use use) {
  const model::Summary& sum = job.summary;
  const std::string options = encode(job.options);
  const std::array<Param, 30> values = {job.tenant_id,
                                        job.id,
                                        to_string(job.state),
                                        job.name,
                                        options,
                                        job.metadata,
                                        job.total_count,
                                        job.processed_count,
                                        job.chunk_count,
                                        sum.total,
                                        sum.valid,
                                        sum.invalid,
                                        sum.risky,
                                        sum.unknown,
                                        sum.disposable,
                                        sum.catch_all,
                                        sum.role,
                                        sum.free,
                                        sum.duplicates,
                                        job.error_code,
                                        job.error_message,
                                        job.created_at,
                                        job.started_at,
                                        job.finished_at,
                                        job.progress_event_at,
                                        job.progress_event_count,
                                        job.deadline_at,
                                        static_cast<std::int64_t>(job.options.priority),
                                        job.rejected_count,
                                        job.options.retention_days ? 1 : 0};
  return use(std::span<const Param>(values));
}

constexpr std::string_view kInsertJob =
    "INSERT INTO jobs (" JOB_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)";

// A summary never goes backwards either: an older one than the stored is left out.
constexpr std::string_view kUpdateJob =
    "UPDATE jobs SET state = $3, name = $4, options = $5, metadata = $6, total_count = $7,"
    " processed_count = CASE WHEN $8 >= processed_count THEN $8 ELSE processed_count END,"
    " chunk_count = $9,"
    " summary_total = CASE WHEN $8 >= processed_count THEN $10 ELSE summary_total END,"
    " summary_valid = CASE WHEN $8 >= processed_count THEN $11 ELSE summary_valid END,"
    " summary_invalid = CASE WHEN $8 >= processed_count THEN $12 ELSE summary_invalid END,"
    " summary_risky = CASE WHEN $8 >= processed_count THEN $13 ELSE summary_risky END,"
    " summary_unknown = CASE WHEN $8 >= processed_count THEN $14 ELSE summary_unknown END,"
    " summary_disposable = CASE WHEN $8 >= processed_count THEN $15 ELSE summary_disposable END,"
    " summary_catch_all = CASE WHEN $8 >= processed_count THEN $16 ELSE summary_catch_all END,"
    " summary_role = CASE WHEN $8 >= processed_count THEN $17 ELSE summary_role END,"
    " summary_free = CASE WHEN $8 >= processed_count THEN $18 ELSE summary_free END,"
    " summary_duplicates = CASE WHEN $8 >= processed_count THEN $19 ELSE summary_duplicates END,"
    " error_code = $20, error_message = $21, created_at = $22, started_at = $23,"
    " finished_at = $24, progress_event_at = $25, progress_event_count = $26, deadline_at = $27,"
    " priority = $28, rejected_count = $29, has_retention = $30"
    " WHERE tenant_id = $1 AND id = $2";

}  // namespace

model::Job job_of(const Row& row) {
  model::Job job;
  job.tenant_id = row.string(0);
  job.id = row.string(1);
  job.state = decode_job_state(row.text(2));
  job.name = row.string(3);
  job.options = decode_job_options(row.text(4));
  job.metadata = row.string(5);
  job.total_count = row.integer(6);
  job.processed_count = row.integer(7);
  job.chunk_count = row.integer(8);
  job.summary = summary_of(row, 9);
  job.error_code = row.string(19);
  job.error_message = row.string(20);
  job.created_at = row.time(21);
  job.started_at = row.optional_time(22);
  job.finished_at = row.optional_time(23);
  job.progress_event_at = row.time(24);
  job.progress_event_count = row.integer(25);
  job.deadline_at = row.optional_time(26);
  job.rejected_count = row.integer(28);
  return job;
}

model::Chunk chunk_of(const Row& row) {
  model::Chunk chunk;
  chunk.tenant_id = row.string(0);
  chunk.job_id = row.string(1);
  chunk.number = row.integer(2);
  chunk.state = decode_chunk_state(row.text(3));
  chunk.row_count = row.integer(4);
  chunk.processed_count = row.integer(5);
  chunk.summary = summary_of(row, 6);
  chunk.lease_owner = row.string(16);
  chunk.lease_until = row.time(17);
  chunk.fence = row.integer(18);
  chunk.leases = row.integer(19);
  chunk.parked_count = row.integer(20);
  chunk.times_parked = row.integer(21);
  return chunk;
}

Result<void> insert_job(Connection& db, const model::Job& job) {
  return with_columns(
      job, [&](std::span<const Param> values) { return done(db.execute(kInsertJob, values)); });
}

Result<model::Job> find_job(Connection& db, std::string_view tenant_id, std::string_view job_id) {
  return expect_found(
      find_row(db, "SELECT " JOB_COLUMNS " FROM jobs WHERE tenant_id = $1 AND id = $2",
               {tenant_id, job_id}, job_of),
      "job");
}

Result<std::vector<model::Job>> list_jobs(Connection& db, std::string_view tenant_id,
                                          std::string_view before_id, std::int64_t limit) {
  Select select("SELECT " JOB_COLUMNS " FROM jobs WHERE tenant_id = ", tenant_id);
  if (!before_id.empty()) select.where("id < ", before_id);
  select.add(" ORDER BY id DESC LIMIT ", limit);
  return select.rows(db, job_of);
}

Result<std::vector<model::Job>> list_jobs_with_retention(Connection& db, std::string_view tenant_id,
                                                         std::string_view before_id,
                                                         std::int64_t limit) {
  Select select("SELECT " JOB_COLUMNS " FROM jobs WHERE has_retention = 1 AND tenant_id = ",
                tenant_id);
  if (!before_id.empty()) select.where("id < ", before_id);
  select.add(" ORDER BY id DESC LIMIT ", limit);
  return select.rows(db, job_of);
}

Result<void> update_job(Connection& db, const model::Job& job) {
  return with_columns(job, [&](std::span<const Param> values) {
    return expect_changed(db.execute(kUpdateJob, values), "job");
  });
}

Result<std::vector<model::Job>> find_overdue_jobs(Connection& db, WallTime now,
                                                  std::int64_t limit) {
  return find_rows(db,
                   "SELECT " JOB_COLUMNS
                   " FROM jobs WHERE deadline_at IS NOT NULL"
                   " AND state IN ('queued', 'processing', 'paused') AND deadline_at <= $1"
                   " ORDER BY deadline_at LIMIT $2",
                   {now, limit}, job_of);
}

Result<std::optional<WallTime>> next_deadline(Connection& db) {
  return find_row(db,
                  "SELECT deadline_at FROM jobs WHERE deadline_at IS NOT NULL"
                  " AND state IN ('queued', 'processing', 'paused') ORDER BY deadline_at LIMIT 1",
                  {}, [](const Row& row) { return row.time(0); });
}

Result<JobCounts> count_jobs(Connection& db) {
  JobCounts counts;
  TRY_VOID(db.query("SELECT state, COUNT(*) FROM jobs GROUP BY state", {}, [&](const Row& row) {
    switch (decode_job_state(row.text(0))) {
      case model::JobState::kQueued:
        counts.queued = row.integer(1);
        break;
      case model::JobState::kProcessing:
        counts.processing = row.integer(1);
        break;
      case model::JobState::kPaused:
        counts.paused = row.integer(1);
        break;
      case model::JobState::kCompleted:
        counts.completed = row.integer(1);
        break;
      case model::JobState::kFailed:
        counts.failed = row.integer(1);
        break;
      case model::JobState::kCancelled:
        counts.cancelled = row.integer(1);
        break;
      case model::JobState::kParsing:
        break;
    }
    return true;
  }));
  return counts;
}

}  // namespace verihook::store
