#include "jobs/housekeeping.h"

#include "base/log.h"

namespace verihook::jobs {
namespace {

Result<bool> remove_jobs(store::Connection& db, const HousekeepingOptions& options) {
  return store::remove_job_slice(db, options.slice);
}

Result<bool> remove_endpoints(store::Connection& db, const HousekeepingOptions& options) {
  TRY(removed, store::remove_job_endpoints(db, options.slice.rows));
  return removed == options.slice.rows;
}

}  // namespace

Housekeeping::Housekeeping(asio::any_io_executor executor, Timers& timers,
                           store::Database& database, HousekeepingOptions options)
    : executor_(executor),
      timers_(timers),
      database_(database),
      options_(options),
      retention_(database, timers.clock(), options.retention_days, options.slice),
      tasks_(executor, "housekeeping") {}

void Housekeeping::start() { tasks_.spawn("sweep", run()); }

void Housekeeping::wake() {
  work_announced_ = true;
  idle_.wake_all();
}

Task<void> Housekeeping::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<void> Housekeeping::run() {
  for (;;) {
    work_announced_ = false;
    co_await keep_no_longer();
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    for (const Slice slice : {remove_jobs, remove_endpoints}) {
      co_await repeat(slice);
      if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    }
    ++stats_.sweeps;
    co_await wait_for_work();
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

Task<void> Housekeeping::keep_no_longer() {
  for (;;) {
    const auto swept = co_await retention_.sweep();
    if (swept) co_return;
    log_warning("what is too old could not be removed from the store; it will be tried again",
                {{"error", swept.error().message}});
    co_await sleep_for(timers_, options_.retry_pause_ms);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

Task<void> Housekeeping::repeat(Slice slice) {
  for (;;) {
    const auto more =
        co_await database_.write([&](store::Connection& db) { return slice(db, options_); });
    if (!more) {
      log_warning("what was deleted could not be removed from the store; it will be tried again",
                  {{"error", more.error().message}});
      co_await sleep_for(timers_, options_.retry_pause_ms);
    } else if (*more) {
      ++stats_.slices;
    } else {
      co_return;
    }
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

Task<void> Housekeeping::wait_for_work() {
  if (work_announced_) co_return;
  Alarm next_sweep(timers_, executor_);
  next_sweep.arm(Deadline::after(timers_.clock(), options_.sweep_interval_ms),
                 [this] { idle_.wake_all(); });
  co_await idle_.wait();
}

}  // namespace verihook::jobs
