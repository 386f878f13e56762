#include "async/wait_list.h"

namespace verihook {

// Lives in the frame of the waiting coroutine; leaves the list when that frame goes, however it
// goes.
class WaitList::Waiter {
 public:
  Waiter(WaitList& list, const asio::any_io_executor& executor)
      : list_(list), timer_(executor, asio::steady_timer::time_point::max()) {
    position_ = list_.waiters_.insert(list_.waiters_.end(), this);
  }
  ~Waiter() {
    if (timers_ != nullptr) timers_->disarm(timer_);
    if (!woken_) list_.waiters_.erase(position_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void arm(Timers& timers, MonotonicTime time) {
    timers_ = &timers;
    timers.arm(timer_, time);
  }
  // The list has taken this waiter out already.
  void wake() {
    woken_ = true;
    timer_.cancel();
  }
  bool woken() const { return woken_; }
  asio::steady_timer& timer() { return timer_; }

 private:
  WaitList& list_;
  Timers* timers_ = nullptr;  // set when it waits for a deadline too
  asio::steady_timer timer_;
  std::list<Waiter*>::iterator position_;
  bool woken_ = false;
};

Task<bool> WaitList::wait() {
  const auto executor = co_await asio::this_coro::executor;
  Waiter waiter(*this, executor);
  co_await waiter.timer().async_wait(kAsTuple);
  co_return waiter.woken();
}

Task<Result<void>> WaitList::wait(Timers& timers, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  Waiter waiter(*this, executor);
  if (!deadline.is_never()) waiter.arm(timers, deadline.time());
  co_await waiter.timer().async_wait(kAsTuple);
  if (waiter.woken()) co_return Result<void>{};
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_return fail(Errc::kCancelled, "the wait was cancelled");
  }
  co_return fail(Errc::kTimeout, "the wait did not end in time");
}

bool WaitList::wake_one() {
  if (waiters_.empty()) return false;
  Waiter* first = waiters_.front();
  waiters_.pop_front();
  first->wake();
  return true;
}

void WaitList::wake_all() {
  while (wake_one()) {
  }
}

}  // namespace verihook
