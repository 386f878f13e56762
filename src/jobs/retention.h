// Retention: finds what is older than its owner keeps it and removes it, a little at a time: jobs
// with their lists and results, events with their deliveries and the requests that brought them,
// verifications, providers' jobs, ended replays. How long that is, is looked up in each sweep, so a
// change takes effect with the next. What is still to be delivered, or still worked on, is never
// removed. The ids of received events are kept by a rule of their own (gateway/receiver.h), the
// contacts by their owner. Lives on the io thread; part of Housekeeping.
#pragma once

#include <cstdint>
#include <string>

#include "async/task.h"
#include "model/job.h"
#include "store/database.h"
#include "store/removal.h"

namespace verihook::jobs {

// Whether a job with nothing left to do, or one that was left paused, is past its time. A tenant's
// days and the job's own both count, and the shorter of them; 0 keeps for ever.
bool is_over_age(const model::Job& job, std::int64_t tenant_days, WallTime now);

class Retention {
 public:
  // Both must outlive it. `default_days` is for tenants that have no number of their own.
  Retention(store::Database& database, const Clock& clock, std::int64_t default_days,
            store::SliceLimits slice);
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // All tenants once. Deleted jobs are only marked: their rows are for remove_job_slice.
  Task<Result<void>> sweep();

 private:
  Task<Result<void>> sweep_tenant(std::string tenant_id, std::int64_t days);
  Task<Result<void>> remove_jobs(std::string tenant_id, std::int64_t days);
  Task<Result<void>> remove_events(std::string tenant_id, WallTime before);
  // Until it says that it removed fewer than a slice.
  template <class Remove>
  Task<Result<void>> repeat(Remove remove);

  store::Database& database_;
  const Clock& clock_;
  const std::int64_t default_days_;
  const store::SliceLimits slice_;
};

}  // namespace verihook::jobs
