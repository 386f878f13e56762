#include "delivery/replayer.h"

#include <algorithm>
#include <cmath>

#include "base/ids.h"
#include "base/log.h"
#include "store/replays.h"

namespace verihook::delivery {
namespace {

// How often a replay writes: a fifth of a second's deliveries at once.
constexpr double kStepsPerSecond = 5;

std::int64_t issued_at_once(const model::Replay& replay, std::int64_t most) {
  const double share = std::floor(replay.rate_per_second / kStepsPerSecond);
  return std::clamp(static_cast<std::int64_t>(share), std::int64_t{1}, most);
}

std::chrono::nanoseconds time_of(std::int64_t issued, double rate_per_second) {
  const std::chrono::duration<double> seconds{static_cast<double>(issued) / rate_per_second};
  return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
}

}  // namespace

Replayer::Replayer(asio::any_io_executor executor, Timers& timers, store::Database& database,
                   const Outbox& outbox, Dispatcher& dispatcher, ReplayerOptions options)
    : timers_(timers),
      database_(database),
      outbox_(outbox),
      dispatcher_(dispatcher),
      options_(options),
      tasks_(executor, "replays") {}

void Replayer::start() { tasks_.spawn("resume replays", resume_open()); }

Task<void> Replayer::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<Result<model::Replay>> Replayer::count(model::Replay replay) {
  const bool letters = replay.mode == model::ReplayMode::kFailed;
  replay.end = id_floor(letters ? id_prefix::kDelivery : id_prefix::kEvent, replay.created_at);
  replay.total_count = 0;
  model::Replay counted = replay;
  for (;;) {
    CO_TRY(more, co_await database_.read(
                     [&](store::Connection& db) { return count_replay_slice(db, counted); }));
    if (!more) break;
  }
  replay.total_count = counted.total_count;
  co_return replay;
}

Task<Result<void>> Replayer::begin(model::Replay replay, Write also) {
  if (running_.size() >= options_.running_max) {
    co_return fail(Errc::kBusy, "as many replays are running as may; try again later");
  }
  CO_TRY_VOID(co_await database_.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_replay(db, replay));
    return also(db);
  }));
  wake({replay.tenant_id, replay.id});
  co_return Result<void>{};
}

Task<Result<model::Replay>> Replayer::change(std::string tenant_id, std::string id,
                                             model::ReplayState state) {
  const auto write = [&](store::Connection& db) -> Result<model::Replay> {
    TRY(replay, store::find_replay(db, tenant_id, id));
    if (replay.state == state) return replay;
    // What a completed one has issued may still be called off.
    const bool completed = replay.state == model::ReplayState::kCompleted;
    if (replay.state == model::ReplayState::kCancelled ||
        (completed && state != model::ReplayState::kCancelled)) {
      return fail(Errc::kConflict,
                  "the replay has ended: it is " +
                      std::string(model::kReplayStates[static_cast<std::size_t>(replay.state)]));
    }
    replay.state = state;
    replay.finished_at.reset();
    TRY_VOID(store::update_replay(db, replay));
    return replay;
  };
  CO_TRY(replay, co_await database_.write(write));
  wake({tenant_id, id});
  co_return std::move(replay);
}

Task<void> Replayer::resume_open() {
  const auto read = [](store::Connection& db) { return store::open_replays(db); };
  for (;;) {
    const auto open = co_await database_.read(read);
    if (open) {
      for (const model::Replay& replay : *open) wake({replay.tenant_id, replay.id});
      co_return;
    }
    log_warning("replays could not be read", {{"error", open.error().message}});
    co_await sleep_for(timers_, options_.store_retry_ms);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

void Replayer::wake(const Key& key) {
  const auto [found, added] = running_.try_emplace(key);
  Work& work = found->second;
  if (added) {
    tasks_.spawn("replay", run(key, work));
  } else {
    work.news = true;
    work.waiting.wake_all();
  }
}

Task<void> Replayer::run(Key key, Work& work) {
  co_await work_off(key, work);
  running_.erase(key);
}

// Until it has ended.
Task<void> Replayer::work_off(Key key, Work& work) {
  std::int64_t issued_next = 1;
  MonotonicTime next = timers_.clock().monotonic_now();
  for (;;) {
    const WallTime now = timers_.clock().wall_now();
    bool paused = false;
    // News may have come before the next are due.
    const std::int64_t limit = timers_.clock().monotonic_now() < next ? 0 : issued_next;
    const auto step = co_await database_.write([&](store::Connection& db) {
      return step_replay(db, outbox_, key.first, key.second, limit, now);
    });
    if (!step && step.error().code == Errc::kNotFound) co_return;
    if (!step) {
      log_warning("a replay waits for the store", {{"error", step.error().message}});
      next = timers_.clock().monotonic_now() + options_.store_retry_ms;
    } else {
      const model::Replay& replay = step->replay;
      for (const std::string& id : step->destinations) dispatcher_.due(replay.tenant_id, id);
      const bool called_off = replay.state == model::ReplayState::kCancelled;
      if (called_off) dispatcher_.call_off(replay.id);
      if (replay.finished_at) co_return;
      if (called_off) continue;
      paused = replay.state == model::ReplayState::kPaused;
      issued_next = issued_at_once(replay, options_.issued_at_once_max);
      next += time_of(step->issued, replay.rate_per_second);
      // What a slow store has cost is not made up for.
      if (limit > 0) next = std::max(next, timers_.clock().monotonic_now());
    }
    // The pace is kept over a pause, which only news end.
    co_await wait(work, paused ? MonotonicTime::max() : next);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

Task<void> Replayer::wait(Work& work, MonotonicTime until) {
  if (work.news) {
    work.news = false;
    co_return;
  }
  co_await work.waiting.wait(timers_, Deadline::at(until));
  work.news = false;
}

}  // namespace verihook::delivery
