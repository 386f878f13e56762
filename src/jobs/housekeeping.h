// Housekeeping: what is done to the store in the background so that it holds no more than it
// should: what is older than its tenant wants to keep it (retention.h), the rows of deleted jobs
// and the endpoints that belonged to them. Each write is a small slice, so nobody waits for it, and
// what a stop or a crash interrupts is gone on with at the next start. It works at the start, when
// it is woken, for what it is woken for, and once an hour; nothing polls. Lives on the io thread;
// one per node.
#pragma once

#include <cstdint>

#include "async/doorbell.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "jobs/retention.h"
#include "store/database.h"
#include "store/removal.h"

namespace verihook::jobs {

struct HousekeepingOptions {
  Milliseconds sweep_interval_ms{3'600'000};
  Milliseconds retry_pause_ms{1'000};  // after the store could not be written
  std::int64_t retention_days = 0;     // for tenants that say nothing; 0: for ever
  store::SliceLimits slice;
};

struct HousekeepingStats {
  std::uint64_t sweeps = 0;  // looks for what is too old
  std::uint64_t slices = 0;  // writes that removed something
};

class Housekeeping {
 public:
  // Everything passed by reference must outlive it.
  Housekeeping(asio::any_io_executor executor, Timers& timers, store::Database& database,
               HousekeepingOptions options);
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  void start();
  // There is something to remove: a job was deleted, or a list did not become one.
  void wake();
  // Something may be kept for less than before: what is too old is looked for.
  void wake_retention();
  Task<void> stop();

  const HousekeepingStats& stats() const { return stats_; }

 private:
  // Does a little and says whether there may be more of the kind.
  using Slice = Result<bool> (*)(store::Connection& db, const HousekeepingOptions& options);

  Task<void> run();
  Task<void> repeat(Slice slice);
  Task<void> keep_no_longer();

  Timers& timers_;
  store::Database& database_;
  const HousekeepingOptions options_;
  Retention retention_;
  HousekeepingStats stats_;
  Deadline next_sweep_;
  Doorbell bell_;
  TaskGroup tasks_;
};

}  // namespace verihook::jobs
