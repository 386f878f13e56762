// WebhookMetrics: what the receiver counts about its door and what processing reports back, and the
// JSON of GET /metrics/webhooks. How many events were received, processed and failed comes from the
// store, so that it survives a restart and is true of all nodes. Lives on the io thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "gateway/outcome.h"
#include "store/database.h"
#include "store/events.h"

namespace verihook::gateway {

inline constexpr std::size_t kLatenciesKept = 1000;

struct ReceiverStats {
  std::array<std::uint64_t, kOutcomeCount> by_outcome{};  // in the order of Outcome
  std::uint64_t shadow_accepted = 0;                      // accepted in spite of a failed check
  double accept_ms_total = 0;  // of accepted requests, from the first check to stable storage

  std::uint64_t count(Outcome outcome) const {
    return by_outcome[static_cast<std::size_t>(outcome)];
  }
  std::uint64_t rejected() const;
};

class WebhookMetrics {
 public:
  ReceiverStats stats;

  // A delivery of a received event arrived: how long after it was there to be made.
  void note_processed(Milliseconds since_made);
  // The mean of the last thousand; nothing before the first.
  std::optional<std::int64_t> average_latency_ms() const;

 private:
  std::vector<std::int64_t> latencies_ms_;  // a ring once it is full
  std::size_t next_ = 0;
  std::int64_t sum_ms_ = 0;
};

// {"received","processed","failed","success_rate":"98.12%","avg_latency_ms",…}. Processed of
// received, so what is still on its way counts as not yet a success; 100 % when nothing was
// received.
std::string webhook_metrics_json(const store::ReceivedCounts& counts,
                                 const WebhookMetrics& metrics);
Task<Result<std::string>> webhook_metrics_json(store::Database& database,
                                               const WebhookMetrics& metrics);

}  // namespace verihook::gateway
