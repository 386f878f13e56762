// What is left of deleted jobs, removed a little at a time: a list of a million rows is hundreds of
// megabytes, and no write may hold the others up for as long as that takes. delete_job (jobs.h)
// leaves a row in removed_jobs, which these functions work off. All run inside Database::write.
#pragma once

#include <cstdint>

#include "store/connection.h"

namespace verihook::store {

// How much one write removes.
struct SliceLimits {
  std::int64_t chunks = 8;  // a few megabytes
  std::int64_t rows = 200;  // of anything else
};

// Removes a few chunks of one removed job, with their inputs and results; when none is left, a few
// of its events with their deliveries. An event that is still to be delivered, or was given up and
// can be asked for again, stays. False when no removed job is left.
Result<bool> remove_job_slice(Connection& db, const SliceLimits& limits);

// Endpoints (`webhook_url`) of jobs that are gone and of verifications that have ended. One with a
// delivery that is still to be made, or that was given up and can be asked for again, stays until
// that is over. The number; at most `limit` a call.
Result<std::int64_t> remove_job_endpoints(Connection& db, std::int64_t limit);

}  // namespace verihook::store
