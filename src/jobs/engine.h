// Engine: takes chunks of waiting jobs, has them verified, and writes what comes of it. It leases a
// chunk, checkpoints its results every few seconds, and with the last one writes the job's new
// state and its event in the same transaction. What a crash interrupts is taken up from the last
// checkpoint. It is also where a job is paused, resumed and ended (engine_control.cc), because that
// is agreed upon with the workers that have its chunks. Lives on the io thread; one per node.
#pragma once

#include <functional>
#include <list>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/doorbell.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/ids.h"
#include "delivery/outbox.h"
#include "jobs/job_bell.h"
#include "jobs/job_ending.h"
#include "jobs/job_events.h"
#include "jobs/life_cycle.h"
#include "jobs/pace.h"
#include "store/database.h"
#include "store/jobs.h"
#include "verification/patience.h"
#include "verification/verifier.h"

namespace verihook::jobs {

class ChunkWorker;

struct EngineOptions {
  std::string node_id;
  DownloadLinks links;
  std::size_t chunks_in_progress_max = 4;
  // Beyond those, chunks of jobs of which none is in progress, so that they need not wait for the
  // long ones.
  std::size_t first_chunks_in_progress_max = 16;
  std::int64_t chunks_per_tenant_max = 0;  // at once; 0: any number
  Milliseconds checkpoint_interval_ms{5'000};
  Milliseconds lease_ms{30'000};       // renewed by every checkpoint
  Milliseconds retry_pause_ms{1'000};  // after the store could not be read or written
  Milliseconds calm_ms{2'000};      // that have passed when a suspected chunk is tried (poison.h)
  verification::Patience patience;  // with servers that say "later"
};

struct EngineStats {
  std::uint64_t chunks_leased = 0;
  std::uint64_t chunks_finished = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t jobs_finished = 0;
  std::uint64_t leases_lost = 0;
};

class Engine {
 public:
  // Called with the deliveries of an event that has just been committed.
  using OnPublished = std::function<void(delivery::Published)>;

  // Everything passed by reference must outlive the engine. A null pool: think on the io thread.
  Engine(asio::any_io_executor executor, Timers& timers, store::Database& database,
         verification::Verifier& verifier, const delivery::Outbox& outbox, IdMaker& ids,
         asio::thread_pool* cpu_pool, OnPublished on_published, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start();
  // There may be new work: a job was committed or resumed.
  void wake();
  // Checkpoints what is in progress, gives the chunks back, and returns when all has ended.
  Task<void> stop();

  // The job as it then is. When pause, cancel or remove returns, this node asks about no further
  // address of the job; what was known by then is stored. kNotFound when the tenant has no such
  // job; kConflict when its state does not allow it.
  Task<Result<model::Job>> pause(std::string tenant_id, std::string job_id);
  Task<Result<model::Job>> resume(std::string tenant_id, std::string job_id);
  Task<Result<model::Job>> cancel(std::string tenant_id, std::string job_id);
  // Removes it with everything that belongs to it, in whatever state it is.
  Task<Result<void>> remove(std::string tenant_id, std::string job_id);

  // What can be said of a job beside what is stored.
  Outlook outlook(const model::Job& job, const store::ParkedRows& parked) const;
  JobBell& bell() { return bell_; }
  const EngineStats& stats() const { return stats_; }

 private:
  friend class ChunkWorker;
  class InProgress;

  Task<void> clean_up();
  Task<void> lease_chunks();
  store::LeaseRules lease_rules() const;
  bool has_room() const;
  Task<void> work(store::LeasedChunk leased);
  Task<void> wait_for_work(std::uint64_t heard);

  Task<Result<model::Job>> change_state(std::string tenant_id, std::string job_id,
                                        JobAction action);
  // Ends the job when its workers have stored what they know.
  Task<Result<EndedJob>> end(std::string tenant_id, std::string job_id, JobEnding ending);
  Task<Result<EndedJob>> write_ending(std::string tenant_id, std::string job_id, JobEnding ending);
  // Whether this node has run long enough that its end would say something about a chunk.
  bool is_calm() const;
  void halt_workers(const std::string& job_id);
  // The same, and returns when they have ended.
  Task<void> halt(std::string job_id);
  // Ends jobs whose deadline passes.
  Task<void> keep_deadlines();
  Task<Result<void>> end_overdue_jobs();
  // After a checkpoint was committed.
  void note_progress(const model::Job& job, delivery::Published published);

  asio::any_io_executor executor_;
  Timers& timers_;
  store::Database& database_;
  verification::Verifier& verifier_;
  const delivery::Outbox& outbox_;
  IdMaker& ids_;
  asio::thread_pool* const cpu_pool_;
  const OnPublished on_published_;
  const EngineOptions options_;
  EngineStats stats_;
  JobBell bell_;
  Pace pace_;
  Doorbell leases_;
  Doorbell deadlines_;
  std::list<ChunkWorker*> in_progress_;
  WaitList worker_ended_;
  MonotonicTime started_at_{};
  const ChunkWorker* on_trial_ = nullptr;  // the one whose chunk may end the program now
  TaskGroup loops_;
  TaskGroup workers_;
};

}  // namespace verihook::jobs
