#include "async/doorbell.h"

namespace verihook {

void Doorbell::ring() {
  ++rings_;
  waiting_.wake_all();
}

Task<bool> Doorbell::wait(std::uint64_t heard, Deadline deadline) {
  while (rings_ <= heard) {
    const auto rung = co_await waiting_.wait(timers_, deadline);
    if (!rung) co_return rung.error().code == Errc::kTimeout;
  }
  co_return true;
}

}  // namespace verihook
