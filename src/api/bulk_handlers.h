// Handlers of /v1/bulk. bulk_create.cc takes lists in, bulk_download.cc gives
// results out, bulk_control.cc acts on jobs, bulk_watch.cc tells how far they are.
#pragma once

#include "api/call.h"
#include "api/context.h"
#include "api/endpoint_fields.h"
#include "jobs/intake.h"
#include "model/job.h"
#include "store/jobs.h"

namespace verihook::api {

// The job that the path names; kNotFound also when it is another tenant's.
Task<Result<model::Job>> find_named_job(Context& context, const Call& call);
// Its id alone, not yet looked up; kNotFound when it cannot be one.
Result<std::string> named_job_id(const Call& call);
// A job as it is shown: with its rows that are to be asked again later.
struct ShownJob {
  model::Job job;
  store::ParkedRows parked;
};
Result<ShownJob> shown_job(store::Connection& db, model::Job job);
std::string text_of(Context& context, const ShownJob& shown);
// The answer to whoever made a job, with the endpoint that was made for it.
std::string created_json(const model::Job& job, const NewEndpoint* endpoint = nullptr);

// Removes what is left of a list that did not become a job; also when the client has gone.
Task<void> abandon_rest(Context& context, jobs::Intake& intake);

Answer create_bulk(Context& context, Call& call);
Answer list_bulk(Context& context, Call& call);
Answer get_bulk(Context& context, Call& call);
Answer list_rejected(Context& context, Call& call);
// bulk_watch.cc: a job as it is now, when it has ended, or each time it changes.
Answer watch_bulk(Context& context, Call& call);
// bulk_control.cc
Answer pause_bulk(Context& context, Call& call);
Answer resume_bulk(Context& context, Call& call);
Answer cancel_bulk(Context& context, Call& call);
Answer retry_bulk(Context& context, Call& call);
Answer preview_bulk(Context& context, Call& call);
Answer delete_bulk(Context& context, Call& call);
// bulk_download.cc
Answer download_bulk(Context& context, Call& call);
Answer list_results(Context& context, Call& call);

}  // namespace verihook::api
