// Repository of jobs and their chunks. All functions run inside Database::read or ::write; the
// writing ones compose, so that a job's result, its state and its event are one transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/job.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_job(Connection& db, const model::Job& job);
// kNotFound also when the job is another tenant's.
Result<model::Job> find_job(Connection& db, std::string_view tenant_id, std::string_view job_id);
// Newest first; `before_id` empty starts at the newest.
Result<std::vector<model::Job>> list_jobs(Connection& db, std::string_view tenant_id,
                                          std::string_view before_id, std::int64_t limit);
// The same of jobs with a retention of their own.
Result<std::vector<model::Job>> list_jobs_with_retention(Connection& db, std::string_view tenant_id,
                                                         std::string_view before_id,
                                                         std::int64_t limit);
// Writes every mutable field of `job`. processed_count never goes backwards.
Result<void> update_job(Connection& db, const model::Job& job);
// From now on there is no such job for anybody; what is stored of it is removed by
// remove_job_slice (removal.h).
Result<void> delete_job(Connection& db, std::string_view tenant_id, std::string_view job_id);
// Jobs left in state kParsing by a crash: their list never arrived whole. Deletes them as above;
// the number.
Result<std::int64_t> delete_unfinished_intakes(Connection& db);

// `input` is the chunk's rows in the form of jobs/chunk_codec.h. kNotFound when the job has been
// deleted meanwhile.
Result<void> insert_chunk(Connection& db, const model::Chunk& chunk, std::string_view input);

struct LeasedChunk {
  model::Chunk chunk;  // with the new fence
  model::Job job;
  std::string input;
  std::vector<std::string> segments;  // results checkpointed so far, in the order written
};
struct LeaseRules {
  // Only of jobs of which no chunk is being worked on: so that a short list is not behind a long
  // one.
  bool first_of_job_only = false;
  std::int64_t chunks_per_tenant_max = 0;  // live leases that a tenant may have; 0: any number
};
// Takes the next chunk that is open or whose lease has run out, of jobs that are queued or
// processing: fair between tenants, then the highest priority, then the job with the fewest leased
// chunks, then oldest job, lowest chunk number. Moves a queued job to processing and sets
// started_at. Nothing when there is none.
Result<std::optional<LeasedChunk>> lease_chunk(Connection& db, std::string_view node_id,
                                               WallTime now, WallTime lease_until,
                                               const LeaseRules& rules = {});

// When the first parked chunk is due, of jobs in whatever state.
Result<std::optional<WallTime>> next_parked_time(Connection& db);

// Jobs that have not ended by their deadline, the most overdue first.
Result<std::vector<model::Job>> find_overdue_jobs(Connection& db, WallTime now, std::int64_t limit);
// When the next job that has not ended has to.
Result<std::optional<WallTime>> next_deadline(Connection& db);

// Results since the last checkpoint. kConflict when the fence is no longer the chunk's: somebody
// else has it, and the caller drops its work. Extends the lease. Returns the job as it then is.
struct Checkpoint {
  std::string tenant_id;
  std::string job_id;
  std::int64_t chunk_number = 0;
  std::int64_t fence = 0;
  std::string segment;         // encoded results; empty when `result` is set
  std::int64_t row_count = 0;  // results in it
  model::Summary summary;      // of them
  WallTime lease_until{};
  bool done = false;  // the chunk is complete: `result` replaces all segments
  std::string result;
  // Rows that wait for a later time: the chunk is given back and open again at lease_until.
  std::int64_t parked_count = 0;
  std::int64_t leases = 1;  // the chunk's from now on, of those without progress
};
Result<model::Job> checkpoint_chunk(Connection& db, const Checkpoint& checkpoint);
// Gives a chunk back untouched (shutdown).
Result<void> release_chunk(Connection& db, const model::Chunk& chunk);

// Gives back what a former run of this node held: called at its start, before it leases anything.
Result<std::int64_t> release_chunks_of_node(Connection& db, std::string_view node_id);

// The stored results of chunk `number`: its final result, or its segments so far.
struct ChunkResults {
  model::Chunk chunk;
  std::string result;  // empty unless done
  std::vector<std::string> segments;
  std::string input;  // only when asked for
};
Result<ChunkResults> find_chunk_results(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, std::int64_t number,
                                        bool with_input);
// Writes another content for a chunk that is still as it was read. Whoever has it in hand loses it,
// without fault, and it is open again. kConflict when it has changed since.
struct ChunkContent {
  std::string input;
  std::vector<std::string> segments;
  std::string result;  // of a chunk that is done
};
Result<void> rewrite_chunk(Connection& db, const model::Chunk& read, const ChunkContent& content);
// Grows whenever a chunk of the job is rewritten, and with its leases: of a job that has ended the
// results are the same as long as this is.
Result<std::int64_t> find_content_version(Connection& db, std::string_view tenant_id,
                                          std::string_view job_id);
// Rows of a job that are to be asked again later, and when the first of them is.
struct ParkedRows {
  std::int64_t count = 0;
  std::optional<WallTime> until;
};
Result<ParkedRows> find_parked_rows(Connection& db, std::string_view tenant_id,
                                    std::string_view job_id);
// Chunks not done, for the end of a failing job.
Result<std::int64_t> count_open_chunks(Connection& db, std::string_view tenant_id,
                                       std::string_view job_id);

struct JobCounts {
  std::int64_t queued = 0;
  std::int64_t processing = 0;
  std::int64_t paused = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
};
Result<JobCounts> count_jobs(Connection& db);

}  // namespace verihook::store
