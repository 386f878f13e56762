// Retry: a new job of what an ended one left open: rows without a result, and rows about which
// nothing could be said (status unknown). They keep their numbers, ids and columns, and the new job
// says whose retry it is in `metadata.retry_of`. Lives on the io thread.
#pragma once

#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/task.h"
#include "jobs/chunk_codec.h"
#include "jobs/intake.h"
#include "model/job.h"
#include "store/database.h"
#include "store/jobs.h"

namespace verihook::jobs {

enum class Retried {
  kUnprocessed,           // rows without a result
  kUnprocessedOrUnknown,  // and those whose status is unknown
};

// The rows of one stored chunk that are asked about again; `stored` holds its input.
Result<std::vector<InputRow>> rows_to_retry(const store::ChunkResults& stored, Retried retried);

// The caller's object with `retry_of` in it, canonical JSON.
Result<std::string> retry_metadata(std::string_view metadata, std::string_view retry_of);

// Makes the job `new_id`, with the options of the old one but without its deadline. kConflict when
// the old one has not ended, or has nothing to ask about again.
Task<Result<model::Job>> retry_job(store::Database& database, const Clock& clock,
                                   asio::thread_pool* cpu_pool, model::Job job, std::string new_id,
                                   Intake::AlsoStore also_store);

}  // namespace verihook::jobs
