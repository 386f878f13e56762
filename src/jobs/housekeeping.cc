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
    : timers_(timers),
      database_(database),
      options_(options),
      retention_(database, timers.clock(), options.retention_days, options.slice),
      next_sweep_(Deadline::after(timers.clock(), Milliseconds{0})),
      bell_(timers),
      tasks_(executor, "housekeeping") {}

void Housekeeping::start() { tasks_.spawn("sweep", run()); }

void Housekeeping::wake() { bell_.ring(); }

void Housekeeping::wake_retention() {
  next_sweep_ = Deadline::after(timers_.clock(), Milliseconds{0});
  bell_.ring();
}

Task<void> Housekeeping::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<void> Housekeeping::run() {
  for (;;) {
    const std::uint64_t heard = bell_.rings();
    if (next_sweep_.passed(timers_.clock())) {
      // Before it begins, so that a change in its course is looked at afterwards.
      next_sweep_ = Deadline::after(timers_.clock(), options_.sweep_interval_ms);
      co_await keep_no_longer();
      if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    }
    for (const Slice slice : {remove_jobs, remove_endpoints}) {
      co_await repeat(slice);
      if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    }
    const bool woken = co_await bell_.wait(heard, next_sweep_);
    if (!woken) co_return;
  }
}

Task<void> Housekeeping::keep_no_longer() {
  for (;;) {
    const auto swept = co_await retention_.sweep();
    if (swept) {
      ++stats_.sweeps;
      co_return;
    }
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

}  // namespace verihook::jobs
