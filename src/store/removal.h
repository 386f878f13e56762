// What is left of deleted jobs, removed a little at a time: a list of a million rows is hundreds of
// megabytes, and no write may hold the others up for as long as that takes. delete_job (jobs.h)
// leaves a row in removed_jobs, which these functions work off. All run inside Database::write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.h"

namespace verihook::store {

// How much one write removes.
struct SliceLimits {
  std::int64_t chunks = 8;  // a few megabytes
  std::int64_t rows = 200;  // of anything else
};

// The chunks from number `begin` to the one before `end`.
Result<void> delete_chunks(Connection& db, std::string_view tenant_id, std::string_view job_id,
                           std::int64_t begin, std::int64_t end);

// Removes a few chunks of one removed job, with their inputs and results; when none is left, a few
// of its rejected entries, then of its events with their deliveries. An event that is still to be
// delivered, or was given up and can be asked for again, stays. False when no removed job is left.
Result<bool> remove_job_slice(Connection& db, const SliceLimits& limits);

// Deleted jobs of which something is left.
Result<std::int64_t> count_removed_jobs(Connection& db);

// Ids of events after `after_id` and before `before_id`, oldest first.
Result<std::vector<std::string>> find_event_ids(Connection& db, std::string_view tenant_id,
                                                std::string_view after_id,
                                                std::string_view before_id, std::int64_t limit);
// Those of them, with their deliveries, that are not still to be delivered: dead letters go too.
Result<void> remove_told_events(Connection& db, std::string_view tenant_id,
                                const std::vector<std::string>& event_ids);

// Verifications that were answered, of those made before `before_id`. The number; at most `limit` a
// call.
Result<std::int64_t> remove_verifications(Connection& db, std::string_view tenant_id,
                                          std::string_view before_id, std::int64_t limit);

// Providers' jobs of which nothing has been heard since `before`; likewise.
Result<std::int64_t> remove_remote_jobs(Connection& db, std::string_view tenant_id, WallTime before,
                                        std::int64_t limit);

// Replays that ended before `before` and of which nothing is still to be delivered; likewise.
Result<std::int64_t> remove_replays(Connection& db, std::string_view tenant_id, WallTime before,
                                    std::int64_t limit);

// Endpoints (`webhook_url`) of jobs that are gone and of verifications that have ended. One with a
// delivery that is still to be made, or that was given up and can be asked for again, stays until
// that is over. The number; at most `limit` a call.
Result<std::int64_t> remove_job_endpoints(Connection& db, std::int64_t limit);

}  // namespace verihook::store
