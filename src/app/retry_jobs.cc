#include "app/retry_jobs.h"

#include "async/and_finally.h"
#include "jobs/retry.h"
#include "store/accounts.h"
#include "store/destinations.h"
#include "store/jobs.h"

namespace verihook::app {
namespace {

constexpr Milliseconds kRememberedFor = std::chrono::hours{24 * 8};

}  // namespace

Task<Result<std::string>> RetryJobs::submit(destinations::RetrySubmission submission) {
  const std::string key = "retry:" + submission.idempotency_key;
  const WallTime now = clock_.wall_now();
  CO_TRY(known, co_await database_.read([&](store::Connection& db) {
    return store::find_idempotent_answer(db, submission.tenant_id, key, now);
  }));
  if (known) co_return known->body;
  jobs::Intake intake(database_, &cpu_pool_, clock_, submission.tenant_id,
                      ids_.make(id_prefix::kJob));
  co_return co_await and_finally(take_in(intake, submission, key), abandon_rest(intake));
}

Task<Result<std::string>> RetryJobs::take_in(jobs::Intake& intake,
                                             destinations::RetrySubmission& submission,
                                             std::string key) {
  for (const std::string& email : submission.emails) CO_TRY_VOID(intake.add({.email = email}));
  jobs::BulkRequest request;
  CO_TRY(metadata, jobs::retry_metadata(submission.metadata, submission.retry_of));
  request.metadata = std::move(metadata);
  CO_TRY(routes, co_await routes_of(submission.tenant_id, submission.retry_of));
  const WallTime now = clock_.wall_now();
  const auto also_store = [&](store::Connection& db, const model::Job& stored) -> Result<void> {
    for (model::Destination& route : routes) {
      route.job_id = stored.id;
      TRY_VOID(store::insert_destination(db, route));
    }
    return store::insert_idempotent_answer(db, submission.tenant_id, key, {"", 202, stored.id},
                                           now + kRememberedFor, now);
  };
  CO_TRY(job, co_await intake.commit(std::move(request), also_store));
  engine_.wake();
  co_return job.id;
}

// The ways to contacts tables that the failed job had, for the job that takes its place.
Task<Result<std::vector<model::Destination>>> RetryJobs::routes_of(std::string tenant_id,
                                                                   std::string job_id) {
  CO_TRY(all, co_await database_.read([&](store::Connection& db) {
    return store::destinations_of_job(db, tenant_id, job_id);
  }));
  std::erase_if(all, [&](const model::Destination& destination) {
    return destination.kind != model::DestinationKind::kContacts;
  });
  for (model::Destination& route : all) {
    route.id = ids_.make(id_prefix::kDestination);
    route.created_at = route.updated_at = clock_.wall_now();
  }
  co_return all;
}

// What is left of a list that did not become a job.
Task<void> RetryJobs::abandon_rest(jobs::Intake& intake) {
  if (!intake.has_rest()) co_return;
  co_await intake.abandon();
  housekeeping_.wake();
}

Task<Result<std::string>> RetryJobs::retry_own_job(std::string tenant_id, std::string job_id,
                                                   std::string idempotency_key) {
  auto job = co_await database_.read(
      [&](store::Connection& db) { return store::find_job(db, tenant_id, job_id); });
  if (!job && job.error().code == Errc::kNotFound) {
    co_return fail(Errc::kUnsupported, "the job's list did not go through this program");
  }
  if (!job) co_return std::unexpected(job.error());
  destinations::RetrySubmission submission{
      tenant_id, {}, job_id, std::move(idempotency_key), job->metadata};
  for (std::int64_t number = 0; number < job->chunk_count; ++number) {
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, tenant_id, job_id, number, true);
    }));
    CO_TRY(rows, jobs::rows_to_retry(stored, jobs::Retried::kUnprocessed));
    for (jobs::InputRow& row : rows) submission.emails.push_back(std::move(row.email));
  }
  if (submission.emails.empty()) co_return job_id;
  co_return co_await submit(std::move(submission));
}

}  // namespace verihook::app
