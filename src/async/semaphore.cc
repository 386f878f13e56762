#include "async/semaphore.h"

namespace verihook {

Task<Result<Semaphore::Permit>> Semaphore::acquire() {
  if (Permit permit = try_acquire()) co_return permit;
  const bool woken = co_await waiters_.wait();
  if (!woken) co_return fail(Errc::kCancelled, "the wait for a free place was cancelled");
  co_return Permit(*this);  // the place was handed over by give_back
}

Task<Result<Semaphore::Permit>> Semaphore::acquire(Timers& timers, Deadline deadline) {
  if (Permit permit = try_acquire()) co_return permit;
  CO_TRY_VOID(co_await waiters_.wait(timers, deadline));
  co_return Permit(*this);
}

// Whoever comes while others wait queues behind them, even if a place has just become free.
Semaphore::Permit Semaphore::try_acquire() {
  if (free_ == 0 || waiters_.size() > 0) return {};
  --free_;
  return Permit(*this);
}

void Semaphore::give_back() {
  if (!waiters_.wake_one()) ++free_;
}

}  // namespace verihook
