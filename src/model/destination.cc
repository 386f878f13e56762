#include "model/destination.h"

#include <array>

namespace verihook::model {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {"http", "contacts", "redis",
                                                    "nats", "command",  "notify"};

}  // namespace

std::string_view to_string(DestinationKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<DestinationKind> parse_destination_kind(std::string_view text) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == text) return static_cast<DestinationKind>(i);
  }
  return std::nullopt;
}

std::string_view to_string(DestinationState state) {
  constexpr std::array<std::string_view, 3> kStates = {"active", "paused", "disabled"};
  return kStates[static_cast<std::size_t>(state)];
}

std::vector<Milliseconds> default_endpoint_schedule() {
  using namespace std::chrono_literals;
  return {5s, 1min, 5min, 30min, 2h, 5h, 10h};
}

std::vector<Milliseconds> default_processing_schedule() {
  using namespace std::chrono_literals;
  return {1s, 5s, 30s, 2min};
}

}  // namespace verihook::model
