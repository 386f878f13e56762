// Eraser: takes one address out of everything that is stored: lists and results, verifications,
// events and what was answered to them, received requests, contacts, names and metadata. It goes
// through the store page by page, again until a whole pass finds nothing, so that what was in
// somebody's hands meanwhile is found too; then it has the database's files rid of the bytes, and
// leaves a receipt. What it has begun survives a crash. Counts, verdicts in kind and the order of
// results stay. Configuration (endpoints, sources, keys, tenants) is its owner's and not touched.
// Lives on the io thread; one per node.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "address/spellings.h"
#include "async/doorbell.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "model/erasure.h"
#include "model/job.h"
#include "store/database.h"
#include "store/erasures.h"
#include "verification/verifier.h"

namespace verihook::jobs {

struct EraserOptions {
  std::int64_t rows_per_read = 200;
  Milliseconds retry_pause_ms{1'000};  // after the store could not be read or written
  Milliseconds wait_pause_ms{500};     // for what is being removed, or readers of old pages
};

class Eraser {
 public:
  // Chunks that a worker had in hand are open again: there is work for the engine.
  using OnFreed = std::function<void()>;
  // Stored events of the tenant have lost the address: who holds them is to read them again.
  using OnEventsChanged =
      std::function<void(std::string_view tenant_id, const std::set<std::string>& event_ids)>;

  // Everything passed by reference must outlive it. A null pool: think on the io thread.
  Eraser(asio::any_io_executor executor, Timers& timers, store::Database& database,
         verification::Verifier& verifier, asio::thread_pool* cpu_pool, OnFreed on_freed,
         OnEventsChanged on_events_changed, EraserOptions options);
  Eraser(const Eraser&) = delete;
  Eraser& operator=(const Eraser&) = delete;

  void start();
  // There is a new erasure.
  void wake();
  Task<void> stop();

 private:
  Task<void> run();
  Task<Result<bool>> do_next();
  Task<Result<void>> erase(model::Erasure erasure);
  Task<Result<void>> scrub(model::Erasure erasure);
  // Each answers how much it changed.
  Task<Result<std::int64_t>> pass(const model::Erasure& erasure, const address::Spellings& words);
  Task<Result<std::int64_t>> erase_of_tenant(const model::Erasure& erasure,
                                             const address::Spellings& words,
                                             std::string tenant_id);
  Task<Result<std::int64_t>> erase_in_jobs(const model::Erasure& erasure,
                                           const address::Spellings& words, std::string tenant_id);
  Task<Result<std::int64_t>> erase_in_chunks(const model::Erasure& erasure,
                                             const address::Spellings& words,
                                             const model::Job& job);
  Task<Result<std::int64_t>> erase_in_chunk_of(const model::Erasure& erasure,
                                               const address::Spellings& words,
                                               const model::Job& job, std::int64_t number);
  Task<Result<std::int64_t>> erase_in_texts(const model::Erasure& erasure,
                                            const address::Spellings& words,
                                            const store::TextTable& table, std::string tenant_id);
  Task<Result<void>> wait_until_removed();

  Timers& timers_;
  store::Database& database_;
  verification::Verifier& verifier_;
  asio::thread_pool* const cpu_pool_;
  const OnFreed on_freed_;
  const OnEventsChanged on_events_changed_;
  const EraserOptions options_;
  Doorbell bell_;
  TaskGroup tasks_;
};

}  // namespace verihook::jobs
