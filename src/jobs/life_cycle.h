// What may be done to a job in which state, as one table. Pure.
#pragma once

#include <optional>

#include "base/result.h"
#include "model/job.h"

namespace verihook::jobs {

enum class JobAction {
  kPause,   // begin nothing more, keep everything
  kResume,  // go on, or begin when it was created with `start: false`
  kCancel,  // end it with the results so far
  kRetry,   // ask again about what is unknown or was not looked at, as a new job
};

// The state in which the action leaves the job; nothing when it is as wanted already (so a repeated
// request is no error) and for kRetry, which leaves it as it is. kConflict says why it cannot be.
Result<std::optional<model::JobState>> state_after(const model::Job& job, JobAction action);

}  // namespace verihook::jobs
