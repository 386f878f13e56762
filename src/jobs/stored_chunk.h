// Reading the stored results of one chunk, row by row in input order: done, half-way or never
// begun. Pure; any thread.
#pragma once

#include <functional>

#include "base/result.h"
#include "jobs/result_record.h"
#include "model/job.h"
#include "store/jobs.h"

namespace verihook::jobs {

// Whether to go on.
using OnResult = std::function<bool(const StoredResult& row)>;

// One object serves for all rows: copy what is to be kept. Rows without a result are left out, or,
// with `ended_at`, given as not_attempted at that time; the chunk must hold its input then.
Result<void> for_each_result(const store::ChunkResults& stored, const OnResult& on_result,
                             const std::optional<WallTime>& ended_at = {});

}  // namespace verihook::jobs
