// How an endpoint has been doing, from the attempts that are stored: nothing is counted while
// attempts are written, and nothing is forgotten by a restart. For Database::read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/event.h"
#include "store/connection.h"

namespace verihook::store {

// Of the endpoint's newest deliveries, so many.
inline constexpr std::int64_t kHealthDeliveries = 200;
// Waiting ones are counted up to this.
inline constexpr std::int64_t kWaitingCountedMax = 10'000;

struct EndpointHealth {
  std::int64_t attempts = 0;
  std::int64_t successes = 0;
  std::optional<WallTime> since;  // of the oldest of these attempts
  // By nearest rank; nothing without an attempt.
  std::optional<double> p50_ms;
  std::optional<double> p95_ms;
  std::optional<double> p99_ms;
  std::optional<WallTime> last_success_at;
  std::optional<model::Attempt> last_failure;
  std::int64_t waiting = 0;                 // deliveries, kWaitingCountedMax at most
  std::optional<WallTime> next_attempt_at;  // of the first of them
};

Result<EndpointHealth> find_health(Connection& db, std::string_view tenant_id,
                                   std::string_view destination_id);

}  // namespace verihook::store
