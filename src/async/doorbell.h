// Doorbell: wakes a loop that sleeps until there is news, or until something is due. The loop notes
// how often it has rung, then looks whether there is work, then waits: what rings while it looks is
// not slept over. Lives on the io thread, like those who ring and those who wait.
#pragma once

#include <cstdint>

#include "async/wait_list.h"

namespace verihook {

class Doorbell {
 public:
  // `timers` must outlive it.
  explicit Doorbell(Timers& timers) : timers_(timers) {}
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  void ring();
  std::uint64_t rings() const { return rings_; }

  // Until it has rung more often than `heard`, which may be at once, or until the deadline. False
  // when the waiting coroutine was cancelled.
  Task<bool> wait(std::uint64_t heard, Deadline deadline = Deadline::never());

 private:
  Timers& timers_;
  std::uint64_t rings_ = 0;
  WaitList waiting_;
};

}  // namespace verihook
