// SingleVerifications: takes verifications of one address that are to be answered later, has them
// verified, and writes each result with its event in one transaction. Many are leased in one write,
// because each is small; each is answered by itself, and the store joins those answers in its
// commits. What a crash interrupts is leased again at the next start. Lives on the io thread; one
// per node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "async/doorbell.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/ids.h"
#include "delivery/outbox.h"
#include "model/verification.h"
#include "store/database.h"
#include "store/verifications.h"
#include "verification/patience.h"
#include "verification/verifier.h"

namespace verihook::jobs {

struct SingleVerificationsOptions {
  std::string node_id;
  std::int64_t in_progress_max = 1'000;
  std::int64_t in_progress_per_tenant_max = 500;  // so that another's need not wait for a place
  // Longer than any try may take: a lease is not renewed.
  Milliseconds lease_ms{180'000};
  Milliseconds retry_pause_ms{1'000};  // after the store could not be read or written
  verification::Patience patience;     // with servers that say "later"
};

struct SingleVerificationsStats {
  std::uint64_t leases = 0;  // writes that took something
  std::uint64_t finished = 0;
  std::uint64_t parked = 0;
  std::uint64_t leases_lost = 0;
};

class SingleVerifications {
 public:
  // Called with the deliveries of an event that has just been committed.
  using OnPublished = std::function<void(delivery::Published)>;

  // Everything passed by reference must outlive it.
  SingleVerifications(asio::any_io_executor executor, Timers& timers, store::Database& database,
                      verification::Verifier& verifier, const delivery::Outbox& outbox,
                      IdMaker& ids, OnPublished on_published, SingleVerificationsOptions options);
  SingleVerifications(const SingleVerifications&) = delete;
  SingleVerifications& operator=(const SingleVerifications&) = delete;

  void start();
  // There is a new one.
  void wake();
  // Gives back what is in progress.
  Task<void> stop();

  const SingleVerificationsStats& stats() const { return stats_; }

 private:
  class InProgress;

  Task<void> lease_due();
  Task<void> take_back();
  bool has_room() const;
  Task<void> wait_for_work(std::uint64_t heard);
  Task<void> work(model::Verification verification);
  Task<model::Verdict> ask(const model::Verification& verification);
  Task<void> park(const model::Verification& verification, WallTime until);
  Task<void> finish(const model::Verification& verification, const model::Verdict& verdict);
  // Until the store takes it, or says that somebody else has the lease.
  template <class Function>
  Task<bool> write(Function function);

  Timers& timers_;
  store::Database& database_;
  verification::Verifier& verifier_;
  const delivery::Outbox& outbox_;
  IdMaker& ids_;
  const OnPublished on_published_;
  const SingleVerificationsOptions options_;
  SingleVerificationsStats stats_;
  std::map<std::string, std::int64_t> in_progress_;  // by tenant
  std::int64_t in_progress_count_ = 0;
  bool suspects_only_ = false;  // what is in progress may be what crashes the program
  Doorbell bell_;
  TaskGroup loop_;
  TaskGroup workers_;
};

}  // namespace verihook::jobs
