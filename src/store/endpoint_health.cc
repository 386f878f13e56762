#include "store/endpoint_health.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "store/rows.h"

namespace verihook::store {
namespace {

// The smallest latency that so much of all were at most.
std::optional<double> rank(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::nullopt;
  const double place = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted.at(static_cast<std::size_t>(std::max(place, 1.0)) - 1);
}

void take(EndpointHealth& health, const model::Attempt& attempt) {
  ++health.attempts;
  health.since = std::min(health.since.value_or(attempt.started_at), attempt.started_at);
  if (attempt.error_class.empty()) {
    ++health.successes;
    health.last_success_at =
        std::max(health.last_success_at.value_or(attempt.started_at), attempt.started_at);
  } else if (!health.last_failure || health.last_failure->started_at < attempt.started_at) {
    health.last_failure = attempt;
  }
}

Result<void> read_attempts(Connection& db, std::string_view tenant_id,
                           std::string_view destination_id, EndpointHealth& health) {
  std::vector<double> latencies;
  TRY_VOID(db.query(
      "SELECT a.delivery_id, a.number, a.started_at, a.status_code, a.error_class, a.error,"
      " a.latency_ms FROM (SELECT id FROM deliveries WHERE tenant_id = $1 AND destination_id = $2"
      " ORDER BY id DESC LIMIT $3) v CROSS JOIN attempts a"
      " WHERE a.tenant_id = $1 AND a.delivery_id = v.id",
      {tenant_id, destination_id, kHealthDeliveries}, [&](const Row& row) {
        model::Attempt attempt;
        attempt.delivery_id = row.string(0);
        attempt.number = row.integer(1);
        attempt.started_at = row.time(2);
        attempt.status_code = static_cast<int>(row.integer(3));
        attempt.error_class = row.string(4);
        attempt.error = row.string(5);
        attempt.latency_ms = row.real(6);
        take(health, attempt);
        latencies.push_back(attempt.latency_ms);
        return true;
      }));
  std::ranges::sort(latencies);
  health.p50_ms = rank(latencies, 0.5);
  health.p95_ms = rank(latencies, 0.95);
  health.p99_ms = rank(latencies, 0.99);
  return {};
}

}  // namespace

Result<EndpointHealth> find_health(Connection& db, std::string_view tenant_id,
                                   std::string_view destination_id) {
  EndpointHealth health;
  TRY_VOID(read_attempts(db, tenant_id, destination_id, health));
  TRY_VOID(
      db.query("SELECT COUNT(*), MIN(next_attempt_at) FROM (SELECT next_attempt_at"
               " FROM deliveries WHERE tenant_id = $1 AND destination_id = $2"
               " AND state = 'pending' ORDER BY turn, claimable_at LIMIT $3) waiting",
               {tenant_id, destination_id, kWaitingCountedMax}, [&](const Row& row) {
                 health.waiting = row.integer(0);
                 health.next_attempt_at = row.optional_time(1);
                 return false;
               }));
  return health;
}

}  // namespace verihook::store
