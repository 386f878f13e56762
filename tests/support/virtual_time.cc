#include "tests/support/virtual_time.h"

namespace verihook::testing {

void VirtualTime::arm(asio::steady_timer& timer, MonotonicTime time) {
  disarm(timer);
  timer.expires_at(asio::steady_timer::time_point::max());
  armed_.emplace(time, &timer);
}

void VirtualTime::disarm(asio::steady_timer& timer) {
  std::erase_if(armed_, [&](const auto& entry) { return entry.second == &timer; });
  timer.cancel();
}

void VirtualTime::run(Milliseconds limit) {
  const MonotonicTime end = clock_.monotonic_now() + limit;
  do {
    poll();
  } while (fire_next(end));
}

void VirtualTime::advance(Milliseconds by) {
  const MonotonicTime end = clock_.monotonic_now() + by;
  do {
    poll();
  } while (fire_next(end));
  if (clock_.monotonic_now() < end) clock_.advance(end - clock_.monotonic_now());
  poll();
}

void VirtualTime::poll() {
  io_.restart();
  io_.poll();
}

bool VirtualTime::fire_next(MonotonicTime limit) {
  if (armed_.empty() || armed_.begin()->first > limit) return false;
  const auto [time, timer] = *armed_.begin();
  armed_.erase(armed_.begin());
  if (time > clock_.monotonic_now()) clock_.advance(time - clock_.monotonic_now());
  timer->cancel();
  return true;
}

}  // namespace verihook::testing
