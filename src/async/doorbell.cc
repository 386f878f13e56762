#include "async/doorbell.h"

namespace verihook {

void Doorbell::ring() {
  ++rings_;
  waiting_.wake_all();
}

Task<bool> Doorbell::wait(std::uint64_t heard, Deadline deadline) {
  bool on_time = false;
  Alarm alarm(timers_, executor_);
  alarm.arm(deadline, [&] {
    on_time = true;
    waiting_.wake_all();
  });
  while (rings_ <= heard && !on_time) {
    const bool woken = co_await waiting_.wait();
    if (!woken) co_return false;
  }
  co_return true;
}

}  // namespace verihook
