#include <algorithm>

#include "base/log.h"
#include "jobs/chunk_worker.h"
#include "jobs/engine.h"

namespace verihook::jobs {
namespace {

constexpr std::int64_t kOverdueAtOnce = 100;

}  // namespace

Task<Result<model::Job>> Engine::pause(std::string tenant_id, std::string job_id) {
  CO_TRY_VOID(co_await change_state(tenant_id, job_id, JobAction::kPause));
  co_await halt(job_id);
  pace_.forget(job_id);
  bell_.ring(job_id);
  co_return co_await database_.read(
      [&](store::Connection& db) { return store::find_job(db, tenant_id, job_id); });
}

Task<Result<model::Job>> Engine::resume(std::string tenant_id, std::string job_id) {
  CO_TRY(job, co_await change_state(tenant_id, job_id, JobAction::kResume));
  bell_.ring(job_id);
  wake();
  co_return job;
}

Task<Result<model::Job>> Engine::cancel(std::string tenant_id, std::string job_id) {
  CO_TRY(job, co_await database_.read(
                  [&](store::Connection& db) { return store::find_job(db, tenant_id, job_id); }));
  CO_TRY(changes, state_after(job, JobAction::kCancel));
  if (!changes) co_return job;
  const JobEnding ending{.state = model::JobState::kCancelled,
                         .code = "CANCELLED",
                         .sentence = "the job was cancelled"};
  CO_TRY(ended, co_await end(tenant_id, job_id, ending));
  // It may have come to its end by itself meanwhile, and then that is the answer.
  if (!ended.ended_now) CO_TRY_VOID(state_after(ended.job, JobAction::kCancel));
  co_return std::move(ended.job);
}

Task<Result<void>> Engine::remove(std::string tenant_id, std::string job_id) {
  auto removed = co_await database_.write(
      [&](store::Connection& db) { return store::delete_job(db, tenant_id, job_id); });
  if (!removed) co_return removed;
  co_await halt(job_id);
  pace_.forget(job_id);
  bell_.ring(job_id);
  co_return removed;
}

Task<Result<model::Job>> Engine::change_state(std::string tenant_id, std::string job_id,
                                              JobAction action) {
  co_return co_await database_.write([&](store::Connection& db) -> Result<model::Job> {
    TRY(job, store::find_job(db, tenant_id, job_id));
    TRY(state, state_after(job, action));
    if (!state) return job;
    job.state = *state;
    TRY_VOID(store::update_job(db, job));
    return job;
  });
}

// The job rests while its workers store what they know, so that the event tells the final counts;
// then it ends. Between the two writes somebody may resume it, which the last halt makes good.
Task<Result<EndedJob>> Engine::end(std::string tenant_id, std::string job_id, JobEnding ending) {
  const auto paused = co_await change_state(tenant_id, job_id, JobAction::kPause);
  if (!paused && paused.error().code != Errc::kConflict) co_return std::unexpected(paused.error());
  co_await halt(job_id);
  auto ended = co_await write_ending(tenant_id, job_id, std::move(ending));
  co_await halt(job_id);
  co_return ended;
}

Task<Result<EndedJob>> Engine::write_ending(std::string tenant_id, std::string job_id,
                                            JobEnding ending) {
  const WallTime now = timers_.clock().wall_now();
  const std::string event_id = ids_.make(id_prefix::kEvent);
  auto ended = co_await database_.write([&](store::Connection& db) {
    return end_job(db, outbox_, tenant_id, job_id, ending, event_id, options_.links, now);
  });
  if (!ended || !ended->ended_now) co_return ended;
  ++stats_.jobs_finished;
  pace_.forget(job_id);
  bell_.ring(job_id);
  on_published_(std::exchange(ended->published, {}));
  co_return ended;
}

void Engine::halt_workers(const std::string& job_id) {
  for (ChunkWorker* worker : in_progress_) {
    if (worker->job_id() == job_id) worker->halt();
  }
}

Task<void> Engine::halt(std::string job_id) {
  const auto works_on_it = [&](const ChunkWorker* worker) { return worker->job_id() == job_id; };
  halt_workers(job_id);
  while (std::ranges::any_of(in_progress_, works_on_it)) {
    const bool woken = co_await worker_ended_.wait();
    if (!woken) co_return;
  }
}

Task<void> Engine::keep_deadlines() {
  for (;;) {
    const std::uint64_t heard = deadlines_.rings();
    const auto ended = co_await end_overdue_jobs();
    if (!ended) log_warning("overdue jobs could not be ended", {{"error", ended.error().message}});
    const auto next =
        co_await database_.read([](store::Connection& db) { return store::next_deadline(db); });
    Milliseconds pause = options_.lease_ms;
    if (next && *next) {
      const auto left = **next - timers_.clock().wall_now();
      pause = std::clamp(std::chrono::ceil<Milliseconds>(left), Milliseconds{1}, pause);
    }
    if (!ended || !next) pause = options_.retry_pause_ms;
    const bool woken = co_await deadlines_.wait(heard, Deadline::after(timers_.clock(), pause));
    if (!woken) co_return;
  }
}

Task<Result<void>> Engine::end_overdue_jobs() {
  const WallTime now = timers_.clock().wall_now();
  CO_TRY(overdue, co_await database_.read([&](store::Connection& db) {
    return store::find_overdue_jobs(db, now, kOverdueAtOnce);
  }));
  for (const model::Job& job : overdue) {
    auto ended = co_await end(job.tenant_id, job.id,
                              {.state = model::JobState::kFailed,
                               .code = "DEADLINE_EXCEEDED",
                               .sentence = "the job did not end by its deadline"});
    // Removed meanwhile, or it came to its end by itself.
    if (!ended && ended.error().code != Errc::kNotFound) co_return std::unexpected(ended.error());
  }
  co_return Result<void>{};
}

}  // namespace verihook::jobs
