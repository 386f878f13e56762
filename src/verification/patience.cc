#include "verification/patience.h"

#include <algorithm>

namespace verihook::verification {
namespace {

constexpr Milliseconds kNamedDelayMax{6 * 3'600'000};

}  // namespace

bool asks_for_patience(model::Reason reason) {
  return reason == model::Reason::kGreylisted || reason == model::Reason::kThrottled;
}

std::optional<WallTime> next_try(const Patience& patience, std::size_t times_asked,
                                 std::optional<WallTime> named, WallTime now) {
  if (times_asked > patience.delays.size()) return std::nullopt;
  if (!named || *named <= now) return now + patience.delays[times_asked - 1];
  const auto delay = std::chrono::ceil<Milliseconds>(*named - now);
  return now + std::min(delay + delay / 5, kNamedDelayMax);
}

}  // namespace verihook::verification
