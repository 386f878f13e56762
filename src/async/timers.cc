#include "async/timers.h"

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
  std::uint64_t generation = 0;  // a wait that was overtaken by a later arm sees another number
  std::function<void()> on_time;
};

Alarm::Alarm(Timers& timers, const asio::any_io_executor& executor)
    : state_(std::make_shared<State>(timers, executor)) {}

Alarm::~Alarm() { disarm(); }

void Alarm::arm(Deadline deadline, std::function<void()> on_time) {
  disarm();
  if (deadline.is_never()) return;
  state_->on_time = std::move(on_time);
  state_->timers.arm(state_->timer, deadline.time());
  state_->timer.async_wait(
      [state = state_, generation = state_->generation](const boost::system::error_code&) {
        if (state->generation != generation) return;
        ++state->generation;
        state->timers.disarm(state->timer);
        const auto call = std::move(state->on_time);
        state->on_time = nullptr;
        call();
      });
}

void Alarm::disarm() {
  ++state_->generation;
  state_->on_time = nullptr;
  state_->timers.disarm(state_->timer);
}

}  // namespace verihook
