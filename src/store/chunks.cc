#include <utility>

#include "store/codec.h"
#include "store/job_rows.h"
#include "store/jobs.h"
#include "store/rows.h"

namespace verihook::store {
namespace {

std::string first_column(const Row& row) { return row.string(0); }

Result<std::string> find_blob(Connection& db, std::string_view sql, const model::Chunk& chunk) {
  TRY(found, find_row(db, sql, {chunk.tenant_id, chunk.job_id, chunk.number}, first_column));
  return std::move(found).value_or(std::string());
}

// $7 to $16 are the summary in the order of SUMMARY_COLUMNS.
constexpr std::string_view kCheckpointChunk =
    "UPDATE chunks SET processed_count = processed_count + $5,"
    " summary_total = summary_total + $7, summary_valid = summary_valid + $8,"
    " summary_invalid = summary_invalid + $9, summary_risky = summary_risky + $10,"
    " summary_unknown = summary_unknown + $11, summary_disposable = summary_disposable + $12,"
    " summary_catch_all = summary_catch_all + $13, summary_role = summary_role + $14,"
    " summary_free = summary_free + $15, summary_duplicates = summary_duplicates + $16,"
    " lease_until = $6, state = $17, lease_owner = CASE WHEN $17 = 'leased' THEN lease_owner"
    " ELSE '' END, leases = $19,"
    " parked_count = $18, times_parked = CASE WHEN $17 = 'parked' THEN times_parked + 1"
    " ELSE times_parked END WHERE tenant_id = $1 AND job_id = $2 AND number = $3 AND fence = $4"
    " AND state = 'leased' AND processed_count + $5 <= row_count";

constexpr std::string_view kCheckpointJob =
    "UPDATE jobs SET processed_count = processed_count + $3,"
    " summary_total = summary_total + $4, summary_valid = summary_valid + $5,"
    " summary_invalid = summary_invalid + $6, summary_risky = summary_risky + $7,"
    " summary_unknown = summary_unknown + $8, summary_disposable = summary_disposable + $9,"
    " summary_catch_all = summary_catch_all + $10, summary_role = summary_role + $11,"
    " summary_free = summary_free + $12, summary_duplicates = summary_duplicates + $13"
    " WHERE tenant_id = $1 AND id = $2 RETURNING " JOB_COLUMNS;

Result<void> count_in_chunk(Connection& db, const Checkpoint& point) {
  const model::Summary& sum = point.summary;
  const auto state = point.done           ? model::ChunkState::kDone
                     : point.parked_count ? model::ChunkState::kParked
                                          : model::ChunkState::kLeased;
  TRY(changed,
      db.execute(kCheckpointChunk,
                 {point.tenant_id, point.job_id, point.chunk_number, point.fence, point.row_count,
                  point.done ? WallTime{} : point.lease_until, sum.total, sum.valid, sum.invalid,
                  sum.risky, sum.unknown, sum.disposable, sum.catch_all, sum.role, sum.free,
                  sum.duplicates, name_of(state), point.parked_count, point.leases}));
  if (changed > 0) return {};
  TRY(held, find_integer(db,
                         "SELECT COUNT(*) FROM chunks WHERE tenant_id = $1 AND job_id = $2"
                         " AND number = $3 AND fence = $4 AND state = 'leased'",
                         {point.tenant_id, point.job_id, point.chunk_number, point.fence}));
  if (held > 0) {
    return fail(Errc::kInvalidArgument, "a checkpoint holds more results than its chunk has rows");
  }
  return fail(Errc::kConflict, "the chunk was given to another worker, or its job is gone");
}

Result<void> store_results(Connection& db, const Checkpoint& point) {
  if (!point.done) {
    if (point.segment.empty()) return {};
    return done(
        db.execute("INSERT INTO chunk_segments (tenant_id, job_id, number, segment, results)"
                   " SELECT $1, $2, $3, COALESCE(MAX(segment), -1) + 1, $4 FROM chunk_segments"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                   {point.tenant_id, point.job_id, point.chunk_number, BlobView{point.segment}}));
  }
  TRY_VOID(
      db.execute("DELETE FROM chunk_segments WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                 {point.tenant_id, point.job_id, point.chunk_number}));
  return done(
      db.execute("INSERT INTO chunk_results (tenant_id, job_id, number, results)"
                 " VALUES ($1, $2, $3, $4)",
                 {point.tenant_id, point.job_id, point.chunk_number, BlobView{point.result}}));
}

Result<model::Job> count_in_job(Connection& db, const Checkpoint& point) {
  const model::Summary& sum = point.summary;
  return expect_found(find_row(db, kCheckpointJob,
                               {point.tenant_id, point.job_id, point.row_count, sum.total,
                                sum.valid, sum.invalid, sum.risky, sum.unknown, sum.disposable,
                                sum.catch_all, sum.role, sum.free, sum.duplicates},
                               job_of),
                      "job");
}

}  // namespace

Result<std::string> find_chunk_input(Connection& db, const model::Chunk& chunk) {
  return find_blob(db,
                   "SELECT input FROM chunk_inputs"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                   chunk);
}

Result<std::string> find_chunk_result(Connection& db, const model::Chunk& chunk) {
  return find_blob(db,
                   "SELECT results FROM chunk_results"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                   chunk);
}

Result<std::vector<std::string>> find_chunk_segments(Connection& db, const model::Chunk& chunk) {
  return find_rows(db,
                   "SELECT results FROM chunk_segments"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number = $3 ORDER BY segment",
                   {chunk.tenant_id, chunk.job_id, chunk.number}, first_column);
}

Result<void> insert_chunk(Connection& db, const model::Chunk& chunk, std::string_view input) {
  // A list may still be arriving when its job is deleted; nothing would remove its chunks then.
  TRY_VOID(expect_found(
      find_row(db, "SELECT 1 FROM jobs WHERE tenant_id = $1 AND id = $2",
               {chunk.tenant_id, chunk.job_id}, [](const Row& row) { return row.integer(0); }),
      "job"));
  const model::Summary& sum = chunk.summary;
  TRY_VOID(db.execute(
      "INSERT INTO chunks (" CHUNK_COLUMNS
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
      " $19, $20, $21, $22)",
      {chunk.tenant_id,    chunk.job_id,
       chunk.number,       name_of(chunk.state),
       chunk.row_count,    chunk.processed_count,
       sum.total,          sum.valid,
       sum.invalid,        sum.risky,
       sum.unknown,        sum.disposable,
       sum.catch_all,      sum.role,
       sum.free,           sum.duplicates,
       chunk.lease_owner,  chunk.lease_until,
       chunk.fence,        chunk.leases,
       chunk.parked_count, chunk.times_parked}));
  return done(db.execute(
      "INSERT INTO chunk_inputs (tenant_id, job_id, number, input) VALUES ($1, $2, $3, $4)",
      {chunk.tenant_id, chunk.job_id, chunk.number, BlobView{input}}));
}

Result<model::Job> checkpoint_chunk(Connection& db, const Checkpoint& checkpoint) {
  TRY_VOID(count_in_chunk(db, checkpoint));
  TRY_VOID(store_results(db, checkpoint));
  return count_in_job(db, checkpoint);
}

Result<void> release_chunk(Connection& db, const model::Chunk& chunk) {
  // A lease that was given back does not count as one that ended badly.
  TRY(changed, db.execute("UPDATE chunks SET state = 'open', lease_owner = '', lease_until = 0,"
                          " leases = leases - 1 WHERE tenant_id = $1 AND job_id = $2"
                          " AND number = $3 AND fence = $4 AND state = 'leased'",
                          {chunk.tenant_id, chunk.job_id, chunk.number, chunk.fence}));
  if (changed > 0) return {};
  return fail(Errc::kConflict, "the chunk was given to another worker, or its job is gone");
}

Result<ChunkResults> find_chunk_results(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, std::int64_t number,
                                        bool with_input) {
  TRY(chunk, expect_found(find_row(db,
                                   "SELECT " CHUNK_COLUMNS " FROM chunks WHERE tenant_id = $1"
                                   " AND job_id = $2 AND number = $3",
                                   {tenant_id, job_id, number}, chunk_of),
                          "chunk"));
  ChunkResults results;
  results.chunk = std::move(chunk);
  if (results.chunk.state == model::ChunkState::kDone) {
    TRY(result, find_chunk_result(db, results.chunk));
    results.result = std::move(result);
  } else {
    TRY(segments, find_chunk_segments(db, results.chunk));
    results.segments = std::move(segments);
  }
  if (with_input) {
    TRY(input, find_chunk_input(db, results.chunk));
    results.input = std::move(input);
  }
  return results;
}

Result<void> rewrite_chunk(Connection& db, const model::Chunk& read, const ChunkContent& content) {
  TRY(changed, db.execute("UPDATE chunks SET fence = fence + 1,"
                          " leases = CASE WHEN state = 'leased' THEN leases - 1 ELSE leases END,"
                          " lease_owner = '', lease_until = CASE WHEN state = 'leased' THEN 0"
                          " ELSE lease_until END,"
                          " state = CASE WHEN state = 'leased' THEN 'open' ELSE state END"
                          " WHERE tenant_id = $1 AND job_id = $2 AND number = $3 AND fence = $4"
                          " AND state = $5 AND processed_count = $6",
                          {read.tenant_id, read.job_id, read.number, read.fence,
                           name_of(read.state), read.processed_count}));
  if (changed == 0) return fail(Errc::kConflict, "the chunk has changed meanwhile");
  TRY_VOID(db.execute(
      "UPDATE chunk_inputs SET input = $4 WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
      {read.tenant_id, read.job_id, read.number, BlobView{content.input}}));
  if (read.state == model::ChunkState::kDone) {
    return done(
        db.execute("UPDATE chunk_results SET results = $4"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                   {read.tenant_id, read.job_id, read.number, BlobView{content.result}}));
  }
  TRY_VOID(
      db.execute("DELETE FROM chunk_segments WHERE tenant_id = $1 AND job_id = $2 AND number = $3",
                 {read.tenant_id, read.job_id, read.number}));
  std::int64_t number = 0;
  for (const std::string& segment : content.segments) {
    TRY_VOID(
        db.execute("INSERT INTO chunk_segments (tenant_id, job_id, number, segment, results)"
                   " VALUES ($1, $2, $3, $4, $5)",
                   {read.tenant_id, read.job_id, read.number, number++, BlobView{segment}}));
  }
  return {};
}

Result<std::int64_t> find_content_version(Connection& db, std::string_view tenant_id,
                                          std::string_view job_id) {
  return find_integer(
      db, "SELECT COALESCE(SUM(fence), 0) FROM chunks WHERE tenant_id = $1 AND job_id = $2",
      {tenant_id, job_id});
}

Result<ParkedRows> find_parked_rows(Connection& db, std::string_view tenant_id,
                                    std::string_view job_id) {
  TRY(found, find_row(db,
                      "SELECT COALESCE(SUM(parked_count), 0), MIN(lease_until) FROM chunks"
                      " WHERE tenant_id = $1 AND job_id = $2 AND state = 'parked'",
                      {tenant_id, job_id}, [](const Row& row) {
                        return ParkedRows{row.integer(0), row.optional_time(1)};
                      }));
  return found.value_or(ParkedRows{});
}

Result<std::int64_t> count_open_chunks(Connection& db, std::string_view tenant_id,
                                       std::string_view job_id) {
  return find_integer(db,
                      "SELECT COUNT(*) FROM chunks WHERE tenant_id = $1 AND job_id = $2"
                      " AND state <> 'done'",
                      {tenant_id, job_id});
}

}  // namespace verihook::store
