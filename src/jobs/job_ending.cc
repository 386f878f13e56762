#include "jobs/job_ending.h"

#include "jobs/job_events.h"
#include "store/jobs.h"

namespace verihook::jobs {

Result<EndedJob> end_job(store::Connection& db, const delivery::Outbox& outbox,
                         std::string_view tenant_id, std::string_view job_id,
                         const JobEnding& ending, std::string_view event_id,
                         const DownloadLinks& links, WallTime now) {
  TRY(job, store::find_job(db, tenant_id, job_id));
  if (model::is_final(job.state)) return EndedJob{.job = std::move(job), .published = {}};
  job.state = ending.state;
  job.error_code = ending.code;
  job.error_message = ending.sentence;
  job.finished_at = now;
  TRY_VOID(store::update_job(db, job));
  model::Event event = failed_event(job, links, now);
  event.id = event_id;
  TRY(published, outbox.publish(db, event));
  return EndedJob{.job = std::move(job), .published = std::move(published), .ended_now = true};
}

}  // namespace verihook::jobs
