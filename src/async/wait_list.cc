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
    if (!woken_) list_.waiters_.erase(position_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // The list has taken this waiter out already.
  void wake() {
    woken_ = true;
    timer_.cancel();
  }
  bool woken() const { return woken_; }
  asio::steady_timer& timer() { return timer_; }

 private:
  WaitList& list_;
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
