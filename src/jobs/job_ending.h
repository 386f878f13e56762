// How a job ends before its last row: its state, its reason and its event are one transaction.
#pragma once

#include <string>

#include "delivery/outbox.h"
#include "jobs/download_links.h"
#include "model/job.h"
#include "store/connection.h"

namespace verihook::jobs {

struct JobEnding {
  model::JobState state = model::JobState::kFailed;  // or kCancelled
  std::string code;                                  // contract, section 4
  std::string sentence;
};

struct EndedJob {
  model::Job job;
  delivery::Published published;
  bool ended_now = false;  // false: it had ended already and nothing was changed
};

// Inside Database::write. kNotFound when the job is gone.
Result<EndedJob> end_job(store::Connection& db, const delivery::Outbox& outbox,
                         std::string_view tenant_id, std::string_view job_id,
                         const JobEnding& ending, std::string_view event_id,
                         const DownloadLinks& links, WallTime now);

}  // namespace verihook::jobs
