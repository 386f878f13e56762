#include "jobs/engine.h"

#include <algorithm>

#include "base/log.h"
#include "jobs/chunk_worker.h"

namespace verihook::jobs {
namespace {

// Parked chunks of a job that is paused are due and cannot be had; they are not asked for at once
// again.
constexpr Milliseconds kParkedPauseMin{500};

}  // namespace

Engine::Engine(asio::any_io_executor executor, Timers& timers, store::Database& database,
               verification::Verifier& verifier, const delivery::Outbox& outbox, IdMaker& ids,
               asio::thread_pool* cpu_pool, OnPublished on_published, EngineOptions options)
    : executor_(executor),
      timers_(timers),
      database_(database),
      verifier_(verifier),
      outbox_(outbox),
      ids_(ids),
      cpu_pool_(cpu_pool),
      on_published_(std::move(on_published)),
      options_(std::move(options)),
      places_(options_.chunks_in_progress_max),
      leaser_(executor, "job leases"),
      workers_(executor, "chunk workers") {}

void Engine::start() { leaser_.spawn("lease", lease_chunks()); }

void Engine::wake() {
  work_announced_ = true;
  idle_.wake_all();
}

Task<void> Engine::stop() {
  leaser_.cancel();
  co_await leaser_.join();
  workers_.cancel();
  co_await workers_.join();
}

Task<void> Engine::lease_chunks() {
  co_await clean_up();
  for (;;) {
    auto place = co_await places_.acquire();
    if (!place) co_return;
    work_announced_ = false;
    const WallTime now = timers_.clock().wall_now();
    const WallTime lease_until = now + options_.lease_ms;
    auto leased = co_await database_.write([&](store::Connection& db) {
      return store::lease_chunk(db, options_.node_id, now, lease_until);
    });
    if (!leased) {
      log_warning("no chunk could be leased", {{"error", leased.error().message}});
      co_await sleep_for(timers_, options_.retry_pause_ms);
    } else if (!*leased) {
      place->release();
      co_await wait_for_work();
    } else {
      ++stats_.chunks_leased;
      workers_.spawn((*leased)->chunk.job_id, work(std::move(**leased), std::move(*place)));
    }
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

// What a former run of this node left behind: leases, and lists that never arrived whole.
Task<void> Engine::clean_up() {
  for (;;) {
    const auto cleaned = co_await database_.write([&](store::Connection& db) -> Result<void> {
      TRY_VOID(store::release_chunks_of_node(db, options_.node_id));
      TRY_VOID(store::delete_unfinished_intakes(db));
      return {};
    });
    if (cleaned || cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    log_warning("what the last run left could not be cleaned up",
                {{"error", cleaned.error().message}});
    co_await sleep_for(timers_, options_.retry_pause_ms);
  }
}

// Until wake(), until a parked chunk is due, or until a lease that somebody else let lapse may have
// run out.
Task<void> Engine::wait_for_work() {
  if (work_announced_) co_return;
  const auto parked =
      co_await database_.read([](store::Connection& db) { return store::next_parked_time(db); });
  if (work_announced_) co_return;
  Milliseconds pause = options_.lease_ms;
  if (parked && *parked) {
    const auto left = **parked - timers_.clock().wall_now();
    pause = std::clamp(std::chrono::ceil<Milliseconds>(left), kParkedPauseMin, pause);
  }
  Alarm lapse(timers_, executor_);
  lapse.arm(Deadline::after(timers_.clock(), pause), [this] { idle_.wake_all(); });
  co_await idle_.wait();
}

Task<void> Engine::work(store::LeasedChunk leased, Semaphore::Permit place) {
  ChunkWorker worker(*this, std::move(leased));
  co_await worker.run();
  place.release();
}

}  // namespace verihook::jobs
