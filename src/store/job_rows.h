// The columns of jobs and chunks, and how a row of them becomes a value. For store/*.cc only.
#pragma once

#include <string>
#include <vector>

#include "model/job.h"
#include "store/connection.h"

#define SUMMARY_COLUMNS                                                            \
  "summary_total, summary_valid, summary_invalid, summary_risky, summary_unknown," \
  " summary_disposable, summary_catch_all, summary_role, summary_free, summary_duplicates"
// In the order that job_of and chunk_of read them.
#define JOB_COLUMNS                                                                           \
  "tenant_id, id, state, name, options, metadata, total_count, processed_count, chunk_count," \
  " " SUMMARY_COLUMNS                                                                         \
  ", error_code, error_message, created_at, started_at, finished_at,"                         \
  " progress_event_at, progress_event_count, deadline_at, priority, rejected_count, has_retention"
#define CHUNK_COLUMNS                                                              \
  "tenant_id, job_id, number, state, row_count, processed_count, " SUMMARY_COLUMNS \
  ", lease_owner, lease_until, fence, leases, parked_count, times_parked"

namespace verihook::store {

model::Job job_of(const Row& row);
model::Chunk chunk_of(const Row& row);

// What is stored of one chunk, each empty when there is none.
Result<std::string> find_chunk_input(Connection& db, const model::Chunk& chunk);
Result<std::string> find_chunk_result(Connection& db, const model::Chunk& chunk);
Result<std::vector<std::string>> find_chunk_segments(Connection& db, const model::Chunk& chunk);

}  // namespace verihook::store
