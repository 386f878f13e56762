#include "gateway/webhook_metrics.h"

#include <cmath>

#include <fmt/format.h>

#include "webhooks/json_writer.h"

namespace verihook::gateway {

std::uint64_t ReceiverStats::rejected() const {
  std::uint64_t sum = 0;
  for (const OutcomeRow& row : kOutcomes) {
    if (row.status >= 400 && row.status < 500) sum += count(row.outcome);
  }
  return sum;
}

void WebhookMetrics::note_processed(Milliseconds since_made) {
  const std::int64_t latency_ms = std::max<std::int64_t>(0, since_made.count());
  sum_ms_ += latency_ms;
  if (latencies_ms_.size() < kLatenciesKept) {
    latencies_ms_.push_back(latency_ms);
    return;
  }
  sum_ms_ -= std::exchange(latencies_ms_[next_], latency_ms);
  next_ = (next_ + 1) % kLatenciesKept;
}

std::optional<std::int64_t> WebhookMetrics::average_latency_ms() const {
  if (latencies_ms_.empty()) return std::nullopt;
  return std::llround(static_cast<double>(sum_ms_) / static_cast<double>(latencies_ms_.size()));
}

std::string webhook_metrics_json(const store::ReceivedCounts& counts,
                                 const WebhookMetrics& metrics) {
  const double percent = counts.received == 0 ? 100.0
                                              : 100.0 * static_cast<double>(counts.processed) /
                                                    static_cast<double>(counts.received);
  std::string text;
  webhooks::JsonWriter writer(text);
  writer.begin_object();
  writer.member("received", counts.received);
  writer.member("processed", counts.processed);
  writer.member("failed", counts.failed);
  writer.member("success_rate", fmt::format("{:.2f}%", percent));
  writer.member("avg_latency_ms", metrics.average_latency_ms());
  writer.member("pending", counts.received - counts.processed - counts.failed);
  writer.member("duplicates", metrics.stats.count(Outcome::kDuplicate));
  writer.member("rejected", metrics.stats.rejected());
  writer.key("outcomes");
  writer.begin_object();
  for (const OutcomeRow& row : kOutcomes) writer.member(row.name, metrics.stats.count(row.outcome));
  writer.end_object();
  writer.end_object();
  return text;
}

Task<Result<std::string>> webhook_metrics_json(store::Database& database,
                                               const WebhookMetrics& metrics) {
  const auto counts =
      co_await database.read([](store::Connection& db) { return store::count_received(db); });
  if (!counts) co_return std::unexpected(counts.error());
  co_return webhook_metrics_json(*counts, metrics);
}

}  // namespace verihook::gateway
