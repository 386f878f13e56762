#include "api/metrics.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "gateway/outcome.h"
#include "store/events.h"
#include "store/jobs.h"

namespace verihook::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Collects families; every metric of the program is named here.
class Families {
 public:
  void begin(std::string name, std::string help, MetricType type) {
    MetricFamily family;
    family.name = "verihook_" + std::move(name);
    family.help = std::move(help);
    family.type = type;
    families_.push_back(std::move(family));
  }
  void add(double value, std::string label = {}, std::string label_value = {}) {
    ClientMetric metric;
    if (!label.empty()) metric.label.push_back({std::move(label), std::move(label_value)});
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }
  void counter(std::string name, std::string help, double value) {
    begin(std::move(name), std::move(help), MetricType::Counter);
    add(value);
  }
  void gauge(std::string name, std::string help, double value) {
    begin(std::move(name), std::move(help), MetricType::Gauge);
    add(value);
  }
  void histogram(std::string name, std::string help, const delivery::LatencyHistogram& latency) {
    begin(std::move(name), std::move(help), MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < latency.counts.size(); ++i) {
      below += latency.counts[i];
      const bool last = i == latency.kBoundsMs.size();
      const double bound =
          last ? std::numeric_limits<double>::infinity() : latency.kBoundsMs[i] / 1000;
      metric.histogram.bucket.push_back({below, bound});
    }
    metric.histogram.sample_count = below;
    metric.histogram.sample_sum = latency.sum_ms / 1000;
    families_.back().metric.push_back(std::move(metric));
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

double number(auto value) { return static_cast<double>(value); }

void add_jobs(Families& families, const store::JobCounts& jobs, const jobs::EngineStats& engine) {
  families.begin("jobs", "Jobs by state", MetricType::Gauge);
  families.add(number(jobs.queued), "state", "queued");
  families.add(number(jobs.processing), "state", "processing");
  families.add(number(jobs.paused), "state", "paused");
  families.add(number(jobs.completed), "state", "completed");
  families.add(number(jobs.failed), "state", "failed");
  families.add(number(jobs.cancelled), "state", "cancelled");
  families.counter("chunks_leased_total", "Chunks taken by this node",
                   number(engine.chunks_leased));
  families.counter("chunks_finished_total", "Chunks completed by this node",
                   number(engine.chunks_finished));
  families.counter("chunk_leases_lost_total", "Chunks whose lease went to another",
                   number(engine.leases_lost));
  families.counter("checkpoints_total", "Result checkpoints written", number(engine.checkpoints));
}

void add_verification(Families& families, const verification::VerifierStats& stats) {
  families.counter("verdicts_total", "Addresses verified", number(stats.addresses));
  families.counter("mx_lookups_total", "Domains asked for", number(stats.mx_lookups));
  families.counter("smtp_conversations_total", "SMTP connections opened",
                   number(stats.conversations));
  families.counter("smtp_recipients_total", "Recipients asked about",
                   number(stats.recipients_asked));
  families.counter("catch_all_questions_total", "Random recipients asked about",
                   number(stats.catch_all_questions));
  families.counter("known_mailboxes_total", "Mailboxes answered from memory",
                   number(stats.cache_hits));
  families.gauge("mail_lanes_closed", "Mail providers that we keep away from, by source address",
                 number(stats.lanes_closed));
}

void add_delivery(Families& families, const store::DeliveryCounts& counts,
                  const delivery::DispatcherStats& stats) {
  families.begin("deliveries", "Deliveries by state", MetricType::Gauge);
  families.add(number(counts.pending), "state", "pending");
  families.add(number(counts.delivered), "state", "delivered");
  families.add(number(counts.dead), "state", "dead");
  families.gauge("delivery_oldest_due_seconds",
                 "How late the oldest due delivery is, by its due time",
                 number(stats.oldest_due_age.count()) / 1000);
  families.begin("delivery_attempts_total", "Attempts by outcome", MetricType::Counter);
  families.add(number(stats.attempts_delivered), "outcome", "delivered");
  families.add(number(stats.attempts_retried), "outcome", "retried");
  families.add(number(stats.attempts_dead), "outcome", "dead");
  families.begin("delivery_failures_total", "Failed attempts by error class", MetricType::Counter);
  for (const auto& [error_class, count] : stats.failures_by_class) {
    families.add(number(count), "class", error_class);
  }
  families.gauge("deliveries_in_flight", "Attempts under way", number(stats.in_flight));
  families.begin("delivery_breakers", "Endpoints by breaker state", MetricType::Gauge);
  families.add(number(stats.breakers_open), "state", "open");
  families.add(number(stats.breakers_half_open), "state", "half_open");
  families.histogram("delivery_latency_seconds", "Time of an attempt", stats.latency);
}

void add_gateway(Families& families, const Context& context) {
  const gateway::ReceiverStats& stats = context.receiver.stats();
  const gateway::QuarantineStats& quarantine = context.quarantine.stats();
  families.begin("webhooks_received_total", "Requests at the door by outcome", MetricType::Counter);
  for (const gateway::OutcomeRow& row : gateway::kOutcomes) {
    families.add(number(stats.count(row.outcome)), "outcome", std::string(row.name));
  }
  families.begin("rejected_requests_total", "Refused requests, kept for a look or only counted",
                 MetricType::Counter);
  families.add(number(quarantine.kept), "fate", "kept");
  families.add(number(quarantine.over_rate), "fate", "over_rate");
  families.add(number(quarantine.over_queue), "fate", "over_queue");
  families.add(number(quarantine.failed), "fate", "store_failed");
  families.gauge("webhook_door_shut", "1 while all webhooks are answered with 503",
                 context.receiver.is_shut() ? 1 : 0);
  families.begin("alerts", "Alerts that are raised now, by name", MetricType::Gauge);
  for (const auto& [name, count] : context.alerts.raised()) {
    families.add(number(count), "alert", std::string(name));
  }
}

void add_process(Families& families, const store::DatabaseStats& database,
                 const http::ServerStats* server) {
  families.counter("store_commits_total", "Group commits", number(database.commits));
  families.counter("store_writes_total", "Writes committed", number(database.writes));
  families.counter("store_writes_failed_total", "Writes refused", number(database.writes_failed));
  families.gauge("store_queued_writes", "Writes waiting for a commit",
                 number(database.queued_writes));
  families.counter("store_commit_seconds_total", "Time spent in commits",
                   database.commit_ms_total / 1000);
  if (server == nullptr) return;
  families.counter("http_requests_total", "Requests handled", number(server->requests));
  families.counter("http_requests_refused_total", "Requests refused before any handler",
                   number(server->requests_refused));
  families.counter("http_responses_5xx_total", "Answers with status 5xx",
                   number(server->responses_5xx));
  families.gauge("http_connections_open", "Open connections", number(server->connections_open));
}

struct StoreCounts {
  store::JobCounts jobs;
  store::DeliveryCounts deliveries;
};

}  // namespace

Task<Result<std::string>> metrics_text(Context& context) {
  CO_TRY(counts, co_await context.database.read([](store::Connection& db) -> Result<StoreCounts> {
    TRY(jobs, store::count_jobs(db));
    TRY(deliveries, store::count_deliveries(db));
    return StoreCounts{jobs, deliveries};
  }));
  Families families;
  add_jobs(families, counts.jobs, context.engine.stats());
  add_verification(families, context.verifier.stats());
  add_delivery(families, counts.deliveries, context.dispatcher.stats());
  add_gateway(families, context);
  add_process(families, context.database.stats(), context.server_stats);
  co_return families.text();
}

}  // namespace verihook::api
