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
      bell_(timers),
      leases_(timers),
      deadlines_(timers),
      loops_(executor, "job engine"),
      workers_(executor, "chunk workers") {}

Engine::~Engine() = default;

void Engine::start() {
  started_at_ = timers_.clock().monotonic_now();
  loops_.spawn("lease", lease_chunks());
  loops_.spawn("deadlines", keep_deadlines());
}

void Engine::wake() {
  leases_.ring();
  deadlines_.ring();
}

Task<void> Engine::stop() {
  bell_.close();
  loops_.cancel();
  co_await loops_.join();
  workers_.cancel();
  co_await workers_.join();
}

bool Engine::is_calm() const {
  return timers_.clock().monotonic_now() - started_at_ >= options_.calm_ms;
}

bool Engine::has_room() const {
  return in_progress_.size() <
         options_.chunks_in_progress_max + options_.first_chunks_in_progress_max;
}

store::LeaseRules Engine::lease_rules() const {
  return {.first_of_job_only = in_progress_.size() >= options_.chunks_in_progress_max,
          .chunks_per_tenant_max = options_.chunks_per_tenant_max};
}

Task<void> Engine::lease_chunks() {
  co_await clean_up();
  for (;;) {
    while (!has_room()) {
      const bool woken = co_await leases_.wait(leases_.rings());
      if (!woken) co_return;
    }
    const std::uint64_t heard = leases_.rings();
    const WallTime now = timers_.clock().wall_now();
    const WallTime lease_until = now + options_.lease_ms;
    const store::LeaseRules rules = lease_rules();
    auto leased = co_await database_.write([&](store::Connection& db) {
      return store::lease_chunk(db, options_.node_id, now, lease_until, rules);
    });
    if (!leased) {
      log_warning("no chunk could be leased", {{"error", leased.error().message}});
      co_await sleep_for(timers_, options_.retry_pause_ms);
    } else if (!*leased) {
      co_await wait_for_work(heard);
    } else {
      ++stats_.chunks_leased;
      workers_.spawn((*leased)->chunk.job_id, work(std::move(**leased)));
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

// Until wake(), until a worker ends, until a parked chunk is due, or until a lease that somebody
// else let lapse may have run out.
Task<void> Engine::wait_for_work(std::uint64_t heard) {
  if (leases_.rings() != heard) co_return;
  const auto parked =
      co_await database_.read([](store::Connection& db) { return store::next_parked_time(db); });
  Milliseconds pause = options_.lease_ms;
  if (parked && *parked) {
    const auto left = **parked - timers_.clock().wall_now();
    pause = std::clamp(std::chrono::ceil<Milliseconds>(left), kParkedPauseMin, pause);
  }
  co_await leases_.wait(heard, Deadline::after(timers_.clock(), pause));
}

// A worker's place among those in progress, left however its coroutine ends.
class Engine::InProgress {
 public:
  InProgress(Engine& engine, ChunkWorker& worker)
      : engine_(engine), place_(engine.in_progress_.insert(engine.in_progress_.end(), &worker)) {}
  ~InProgress() {
    engine_.in_progress_.erase(place_);
    engine_.worker_ended_.wake_all();
    engine_.leases_.ring();
  }
  InProgress(const InProgress&) = delete;
  InProgress& operator=(const InProgress&) = delete;

 private:
  Engine& engine_;
  std::list<ChunkWorker*>::iterator place_;
};

Task<void> Engine::work(store::LeasedChunk leased) {
  ChunkWorker worker(*this, std::move(leased));
  const InProgress place(*this, worker);
  co_await worker.run();
}

void Engine::note_progress(const model::Job& job, delivery::Published published) {
  if (job.state == model::JobState::kCompleted) {
    ++stats_.jobs_finished;
    pace_.forget(job.id);
  } else {
    pace_.note(job.id, job.processed_count, timers_.clock().wall_now());
  }
  bell_.ring(job.id);
  on_published_(std::move(published));
}

Outlook Engine::outlook(const model::Job& job, const store::ParkedRows& parked) const {
  return {.rows_per_ms = pace_.rows_per_ms(job.id, timers_.clock().wall_now()),
          .parked_count = parked.count,
          .parked_until = parked.until};
}

}  // namespace verihook::jobs
