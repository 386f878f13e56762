// RetryJobs: the rest of a failed job becomes a job of this program (contract, section 6.7). A
// submission that is repeated after a crash comes to the job it made the first time.
#pragma once

#include <functional>

#include <boost/asio/thread_pool.hpp>

#include "base/ids.h"
#include "destinations/retry_submitter.h"
#include "jobs/engine.h"
#include "jobs/housekeeping.h"
#include "jobs/intake.h"
#include "model/destination.h"
#include "store/database.h"

namespace verihook::app {

class RetryJobs final : public destinations::RetrySubmitter {
 public:
  // All must outlive it.
  RetryJobs(store::Database& database, asio::thread_pool& cpu_pool, const Clock& clock,
            IdMaker& ids, jobs::Engine& engine, jobs::Housekeeping& housekeeping)
      : database_(database),
        cpu_pool_(cpu_pool),
        clock_(clock),
        ids_(ids),
        engine_(engine),
        housekeeping_(housekeeping) {}

  Task<Result<std::string>> submit(destinations::RetrySubmission submission) override;
  Task<Result<std::string>> retry_own_job(std::string tenant_id, std::string job_id,
                                          std::string idempotency_key) override;

 private:
  // The new job's id, under `key` from then on.
  Task<Result<std::string>> take_in(jobs::Intake& intake, destinations::RetrySubmission& submission,
                                    std::string key);
  Task<Result<std::vector<model::Destination>>> routes_of(std::string tenant_id,
                                                          std::string job_id);
  Task<void> abandon_rest(jobs::Intake& intake);

  store::Database& database_;
  asio::thread_pool& cpu_pool_;
  const Clock& clock_;
  IdMaker& ids_;
  jobs::Engine& engine_;
  jobs::Housekeeping& housekeeping_;
};

}  // namespace verihook::app
