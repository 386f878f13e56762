#include "async/timers.h"

#include <optional>
#include <utility>

namespace verihook {
namespace {

// Keeps arm and disarm paired, also when the coroutine is destroyed while it waits.
class ArmedTimer {
 public:
  ArmedTimer(Timers& timers, const asio::any_io_executor& executor, MonotonicTime time)
      : timers_(timers), timer_(executor) {
    timers_.arm(timer_, time);
  }
  ~ArmedTimer() { timers_.disarm(timer_); }
  ArmedTimer(const ArmedTimer&) = delete;
  ArmedTimer& operator=(const ArmedTimer&) = delete;

  asio::steady_timer& timer() { return timer_; }

 private:
  Timers& timers_;
  asio::steady_timer timer_;
};

}  // namespace

Task<void> sleep_until(Timers& timers, MonotonicTime time) {
  const auto executor = co_await asio::this_coro::executor;
  ArmedTimer armed(timers, executor, time);
  co_await armed.timer().async_wait(kAsTuple);
}

Task<void> sleep_for(Timers& timers, Milliseconds delay) {
  co_await sleep_until(timers, timers.clock().monotonic_now() + delay);
}

struct Alarm::State {
  State(Timers& t, const asio::any_io_executor& executor) : timers(t), timer(executor) {}

  Timers& timers;
  asio::steady_timer timer;
  std::uint64_t generation = 0;  // a wait that was overtaken by a later one sees another number
  std::optional<MonotonicTime> goes_off;  // the timer, which may be before `due`
  MonotonicTime due{};
  std::function<void()> on_time;  // empty when muted
};

Alarm::Alarm(Timers& timers, const asio::any_io_executor& executor)
    : state_(std::make_shared<State>(timers, executor)) {}

Alarm::~Alarm() { disarm(); }

void Alarm::arm(Deadline deadline, std::function<void()> on_time) {
  if (deadline.is_never()) return mute();
  state_->on_time = std::move(on_time);
  state_->due = deadline.time();
  if (!state_->goes_off || *state_->goes_off > state_->due) start(state_);
}

void Alarm::start(const std::shared_ptr<State>& state) {
  state->goes_off = state->due;
  state->timers.arm(state->timer, state->due);
  state->timer.async_wait(
      [state, generation = ++state->generation](const boost::system::error_code&) {
        if (state->generation == generation) on_timer(state);
      });
}

void Alarm::on_timer(const std::shared_ptr<State>& state) {
  const MonotonicTime went_off = *std::exchange(state->goes_off, std::nullopt);
  state->timers.disarm(state->timer);
  if (!state->on_time) return;
  if (state->due > went_off) return start(state);
  const auto call = std::exchange(state->on_time, nullptr);
  call();
}

void Alarm::mute() { state_->on_time = nullptr; }

void Alarm::disarm() {
  mute();
  if (!state_->goes_off) return;
  state_->goes_off.reset();
  ++state_->generation;
  state_->timers.disarm(state_->timer);
}

}  // namespace verihook
