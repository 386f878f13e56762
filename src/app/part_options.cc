#include "app/part_options.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "app/egress.h"

namespace verihook::app {
namespace {

verification::Patience patience(const Config& config) {
  verification::Patience patience;
  patience.delays.clear();
  for (const Duration& delay : config.smtp.greylist_delays) patience.delays.push_back(delay.value);
  return patience;
}

}  // namespace

verification::VerifierOptions verifier_options(const Config& config) {
  verification::VerifierOptions options;
  options.smtp_port = config.smtp.port;
  options.helo = helo_of(config);
  options.mail_from = mail_from_of(config);
  options.connections_max = config.smtp.connections_max;
  options.sources = egress_sources_of(config);
  options.traffic = config.smtp.limits;
  options.starttls = config.smtp.starttls;
  options.egress_sample = config.smtp.egress_sample;
  options.recipients_per_connection_max = config.smtp.recipients_per_connection_max;
  options.mx_hosts_tried_max = config.smtp.mx_hosts_tried_max;
  options.idle_connection_ms = Milliseconds{config.smtp.idle_connection_ms};
  options.connect_timeout_ms = Milliseconds{config.smtp.connect_timeout_ms};
  options.banner_timeout_ms = Milliseconds{config.smtp.banner_timeout_ms};
  options.command_timeout_ms = Milliseconds{config.smtp.command_timeout_ms};
  options.result_ttl_ms = Milliseconds{config.smtp.result_ttl_ms};
  options.result_cache_entries_max = config.smtp.result_cache_entries_max;
  options.lookups_in_flight_max = config.dns.in_flight_max;
  options.domains_in_flight_max = config.smtp.domains_in_flight_max;
  options.catch_all_ttl_ms = Milliseconds{config.smtp.catch_all_ttl_ms};
  options.catch_all_entries_max = config.smtp.catch_all_entries_max;
  options.dns_deadline_ms = Milliseconds{config.dns.timeout_ms};
  return options;
}

delivery::DispatcherOptions dispatcher_options(const Config& config) {
  delivery::DispatcherOptions options;
  options.in_flight_max = config.delivery.in_flight_max;
  options.in_flight_per_tenant_max = config.delivery.in_flight_per_tenant_max;
  options.in_flight_per_destination_max =
      static_cast<int>(config.delivery.in_flight_per_destination_max);
  options.loaded_deliveries_max = config.delivery.loaded_deliveries_max;
  return options;
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  options.listen = config.server.listen;
  options.limits = config.server.limits;
  options.proxy_protocol = config.server.proxy_protocol;
  if (!config.server.tls_certificate.empty()) {
    options.tls = http::TlsFiles{config.server.tls_certificate, config.server.tls_key};
  }
  return options;
}

destinations::ContactsOptions contacts_options(const Config& config,
                                               const std::string& public_url) {
  destinations::ContactsOptions options;
  options.public_url = public_url;
  options.folder = std::filesystem::path(config.store.sqlite_path()).parent_path();
  if (options.folder.empty()) options.folder = ".";
  options.http_ranges = config.network.allow;
  options.allow_http = config.network.allow_http;
  return options;
}

store::postgres::PostgresContactsOptions postgres_options(const Config& config,
                                                          const net::TrustStore& roots) {
  store::postgres::PostgresContactsOptions options;
  options.threads = config.contacts.database_threads;
  options.connect_timeout_ms = Milliseconds{config.contacts.connect_timeout_ms};
  options.statement_timeout_ms = Milliseconds{config.contacts.statement_timeout_ms};
  options.lock_timeout_ms = Milliseconds{config.contacts.lock_timeout_ms};
  options.roots_file = roots.file();
  return options;
}

gateway::QuarantineOptions quarantine_options(const Config& config) {
  gateway::QuarantineOptions options;
  options.per_minute_max = config.receive.rejected_per_minute_max;
  options.kept_max = config.receive.rejected_kept_max;
  options.bytes_max = config.receive.rejected_bytes_max;
  options.body_bytes_max = config.receive.rejected_body_bytes_max;
  options.memory = std::chrono::hours{config.receive.rejected_hours};
  return options;
}

gateway::AlertWatchOptions alert_options(const Config& config) {
  using std::chrono::seconds;
  const Config::Alerts& alerts = config.alerts;
  gateway::AlertWatchOptions options;
  options.interval_ms = seconds{alerts.interval_s};
  options.limits.window_ms = seconds{alerts.window_s};
  options.limits.failure_share_max = static_cast<double>(alerts.failure_percent_max) / 100;
  options.limits.attempts_min = alerts.failure_attempts_min;
  options.limits.late_max_ms = seconds{alerts.late_s_max};
  options.limits.dead_letters_max = alerts.dead_letters_max;
  options.limits.silence_min_ms = seconds{alerts.silence_s_min};
  options.limits.silence_factor = static_cast<double>(alerts.silence_factor);
  options.limits.rejected_share_max = static_cast<double>(alerts.rejected_percent_max) / 100;
  options.limits.rejected_min = alerts.rejected_min;
  return options;
}

gateway::PressureLimits pressure_limits(const Config& config) {
  gateway::PressureLimits limits;
  if (config.receive.queue_age_s_max > 0) {
    limits.queue_age_max = std::chrono::seconds{config.receive.queue_age_s_max};
  }
  if (config.receive.disk_free_bytes_min > 0) {
    limits.disk_free_bytes_min = static_cast<std::uint64_t>(config.receive.disk_free_bytes_min);
  }
  return limits;
}

jobs::EngineOptions engine_options(const Config& config, const std::string& node_id,
                                   jobs::DownloadLinks links) {
  jobs::EngineOptions options;
  options.node_id = node_id;
  options.links = std::move(links);
  options.chunks_in_progress_max = config.jobs.chunks_in_progress_max;
  options.first_chunks_in_progress_max = config.jobs.first_chunks_in_progress_max;
  options.chunks_per_tenant_max = config.jobs.chunks_per_tenant_max;
  options.checkpoint_interval_ms = Milliseconds{config.jobs.checkpoint_interval_ms};
  options.patience = patience(config);
  return options;
}

jobs::SingleVerificationsOptions singles_options(const Config& config, const std::string& node_id) {
  jobs::SingleVerificationsOptions options;
  options.node_id = node_id;
  options.in_progress_max = config.jobs.verifications_in_progress_max;
  options.in_progress_per_tenant_max = std::max<std::int64_t>(1, options.in_progress_max / 2);
  options.lease_ms = Milliseconds{config.server.verify_timeout_ms_max} + std::chrono::minutes{1};
  options.patience = patience(config);
  return options;
}

jobs::HousekeepingOptions housekeeping_options(const Config& config) {
  jobs::HousekeepingOptions options;
  options.retention_days = config.retention.days;
  return options;
}

}  // namespace verihook::app
