// Virtual time for tests: timers that fire when nothing else is left to do. `run` polls the io
// context until it is idle, jumps to the next armed deadline, and so on, so that days of waiting
// take milliseconds and every run takes the same course.
#pragma once

#include <map>

#include <boost/asio/io_context.hpp>

#include "async/timers.h"

namespace verihook::testing {

class VirtualTime final : public Timers {
 public:
  explicit VirtualTime(asio::io_context& io) : io_(io) {}

  const Clock& clock() const override { return clock_; }
  void arm(asio::steady_timer& timer, MonotonicTime time) override;
  void disarm(asio::steady_timer& timer) override;

  // Runs until nothing is left to do at any time, or until `limit` of virtual time has passed.
  void run(Milliseconds limit = std::chrono::hours{24 * 365});
  // Runs what is ready now, and moves time forward by `by` in the order of the deadlines on the
  // way.
  void advance(Milliseconds by);

 private:
  void poll();
  // Moves to the earliest deadline not later than `limit` and fires it; false when there is none.
  bool fire_next(MonotonicTime limit);

  asio::io_context& io_;
  VirtualClock clock_;
  std::multimap<MonotonicTime, asio::steady_timer*> armed_;
};

}  // namespace verihook::testing
