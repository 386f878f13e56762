// Engine: takes chunks of waiting jobs, has them verified, and writes what comes of it. It leases a
// chunk, checkpoints its results every few seconds, and with the last one writes the job's new
// state and its event in the same transaction. What a crash interrupts is taken up from the last
// checkpoint. Lives on the io thread; one per node.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/semaphore.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "base/ids.h"
#include "delivery/outbox.h"
#include "store/database.h"
#include "store/jobs.h"
#include "verification/patience.h"
#include "verification/verifier.h"

namespace verihook::jobs {

struct EngineOptions {
  std::string node_id;
  std::string public_url;  // prefix of download_url
  std::size_t chunks_in_progress_max = 4;
  Milliseconds checkpoint_interval_ms{5'000};
  Milliseconds lease_ms{30'000};       // renewed by every checkpoint
  Milliseconds retry_pause_ms{1'000};  // after the store could not be read or written
  verification::Patience patience;     // with servers that say "later"
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
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start();
  // There may be new work: a job was committed or resumed.
  void wake();
  // Checkpoints what is in progress, gives the chunks back, and returns when all has ended.
  Task<void> stop();

  const EngineStats& stats() const { return stats_; }

 private:
  friend class ChunkWorker;

  Task<void> clean_up();
  Task<void> lease_chunks();
  Task<void> work(store::LeasedChunk leased, Semaphore::Permit place);
  Task<void> wait_for_work();

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
  bool work_announced_ = false;
  WaitList idle_;
  Semaphore places_;
  TaskGroup leaser_;
  TaskGroup workers_;
};

}  // namespace verihook::jobs
