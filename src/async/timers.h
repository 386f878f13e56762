// Timers: the only way in which this program waits for time to pass. The real ones follow the
// system clock; tests/support/virtual_time.h has virtual ones that jump to the next deadline when
// nothing else is left to do. One io thread uses one Timers.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "async/task.h"
#include "base/clock.h"
#include "base/deadline.h"

namespace verihook {

class Timers {
 public:
  virtual ~Timers() = default;
  virtual const Clock& clock() const = 0;

  // Makes `timer` expire at `time`. Every arm is followed by a disarm before the timer is
  // destroyed.
  virtual void arm(asio::steady_timer& timer, MonotonicTime time) = 0;
  virtual void disarm(asio::steady_timer& timer) = 0;
};

class RealTimers final : public Timers {
 public:
  explicit RealTimers(const Clock& clock) : clock_(clock) {}
  const Clock& clock() const override { return clock_; }
  void arm(asio::steady_timer& timer, MonotonicTime time) override { timer.expires_at(time); }
  void disarm(asio::steady_timer& timer) override { timer.cancel(); }

 private:
  const Clock& clock_;
};

// Returns at `time`, or at once when the coroutine is cancelled (see async/task.h).
Task<void> sleep_until(Timers& timers, MonotonicTime time);
Task<void> sleep_for(Timers& timers, Milliseconds delay);

// Calls a function at a time, unless it is armed again or disarmed before. The destructor disarms.
// For operations that take a deadline but cannot be awaited beside a sleep cheaply.
class Alarm {
 public:
  Alarm(Timers& timers, const asio::any_io_executor& executor);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Replaces what was armed before. A deadline of never() only mutes.
  void arm(Deadline deadline, std::function<void()> on_time);
  void disarm();
  // Like disarm, for who will soon arm it again for a later time: the timer keeps running, and is
  // set on when it goes off. An operation with a deadline then costs no change of any timer.
  void mute();

 private:
  struct State;  // shared with the pending wait, which may outlive the alarm by one turn
  static void start(const std::shared_ptr<State>& state);
  static void on_timer(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace verihook
