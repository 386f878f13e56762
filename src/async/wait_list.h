// WaitList: coroutines that wait, in order, to be woken by another on the same io thread. The one
// building block under Semaphore, BoundedQueue and TaskGroup.
#pragma once

#include <list>

#include <boost/asio/steady_timer.hpp>

#include "async/timers.h"
#include "base/result.h"

namespace verihook {

class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  // True when woken, false when the waiting coroutine was cancelled.
  Task<bool> wait();
  // The same, but not for longer than that: kTimeout or kCancelled when not woken.
  Task<Result<void>> wait(Timers& timers, Deadline deadline);

  // Wakes the one that has waited longest; false when nobody waits.
  bool wake_one();
  void wake_all();

  std::size_t size() const { return waiters_.size(); }

 private:
  class Waiter;
  std::list<Waiter*> waiters_;
};

}  // namespace verihook
