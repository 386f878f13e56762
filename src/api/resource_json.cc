#include "api/resource_json.h"

#include <algorithm>

#include "api/endpoint_secrets.h"
#include "destinations/contacts_settings.h"
#include "destinations/http_settings.h"
#include "destinations/provider_settings.h"
#include "destinations/stored_settings.h"
#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"
#include "webhooks/payload.h"

namespace verihook::api {
namespace {

using webhooks::JsonWriter;

void time_member(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  json.key(name);
  if (time) {
    json.value(to_iso8601(*time));
  } else {
    json.null();
  }
}

void text_member(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

void strings_member(JsonWriter& json, std::string_view name,
                    const std::vector<std::string>& strings) {
  json.key(name);
  json.begin_array();
  for (const std::string& text : strings) json.value(text);
  json.end_array();
}

void append_summary(JsonWriter& json, const model::Summary& summary) {
  json.key("summary");
  json.begin_object();
  json.member("total", summary.total);
  json.member("valid", summary.valid);
  json.member("invalid", summary.invalid);
  json.member("risky", summary.risky);
  json.member("unknown", summary.unknown);
  json.member("disposable", summary.disposable);
  json.member("catch_all", summary.catch_all);
  json.member("role", summary.role);
  json.member("free", summary.free);
  json.member("duplicates", summary.duplicates);
  json.end_object();
}

// What callers may see of them: a key is shown as `has_api_key`.
void append_settings(JsonWriter& json, std::string_view stored) {
  json.key("settings");
  const auto shown = destinations::public_provider_settings(stored);
  json.raw(shown ? webhooks::canonical(*shown) : "{}");
}

void append_phases(JsonWriter& json, const model::AttemptPhases& phases) {
  const auto phase = [&](std::string_view name, const std::optional<double>& ms) {
    json.key(name);
    if (ms) {
      json.value(*ms);
    } else {
      json.null();
    }
  };
  json.key("phases");
  json.begin_object();
  phase("dns_ms", phases.dns_ms);
  phase("connect_ms", phases.connect_ms);
  phase("tls_ms", phases.tls_ms);
  phase("first_byte_ms", phases.first_byte_ms);
  json.end_object();
}

void append_delivery_options(JsonWriter& json, const model::DeliveryOptions& options) {
  json.member("max_in_flight", options.max_in_flight);
  json.member("rate_per_second", options.rate_per_second);
  json.member("ordered", options.ordered);
  json.key("retry_schedule");
  json.begin_array();
  for (const Milliseconds delay : options.retry_schedule) {
    json.value(static_cast<double>(delay.count()) / 1000.0);
  }
  json.end_array();
  json.key("headers");
  json.begin_object();
  for (const auto& [name, value] : options.headers) json.member(name, value);
  json.end_object();
  json.member("signature_header", options.signature_header);
  json.member("signature_prefix", options.signature_prefix);
  json.key("metadata_filter");
  json.raw(options.metadata_filter);
}

}  // namespace

std::string job_json(const model::Job& job, const jobs::DownloadLinks& links, WallTime now,
                     const jobs::Outlook& outlook) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("job_id", job.id);
  json.member("status", model::to_string(job.state));
  text_member(json, "name", job.name);
  json.member("total", job.total_count);
  json.member("duplicates", job.summary.duplicates);
  json.member("rejected_count", job.rejected_count);
  json.member("processed_count", job.processed_count);
  json.member("total_count", job.total_count);
  json.member("percent_complete", webhooks::percent_complete(job.processed_count, job.total_count));
  time_member(json, "estimated_completion", jobs::estimate_completion(job, outlook, now));
  json.member("parked_count", outlook.parked_count);
  time_member(json, "parked_until", outlook.parked_until);
  append_summary(json, job.summary);
  json.key("metadata");
  json.raw(job.metadata);
  text_member(json, "error_code", job.error_code);
  text_member(json, "error_message", job.error_message);
  json.member("download_url", links.url_of(job, now));
  json.member("created_at", to_iso8601(job.created_at));
  time_member(json, "started_at", job.started_at);
  time_member(json, "finished_at", job.finished_at);
  time_member(json, "deadline_at", job.deadline_at);
  json.end_object();
  return text;
}

std::string verification_json(const model::Verification& verification) {
  const bool begun = !verification.lease_owner.empty() || verification.times_parked > 0;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("verification_id", verification.id);
  json.member("status", verification.done() ? "completed" : begun ? "processing" : "queued");
  json.key("result");
  json.raw(verification.done() ? verification.result : "null");
  json.key("metadata");
  json.raw(verification.metadata);
  json.member("created_at", to_iso8601(verification.created_at));
  time_member(json, "finished_at", verification.finished_at);
  json.end_object();
  return text;
}

std::string destination_json(const model::Destination& destination,
                             const std::optional<std::string>& new_secret) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  const bool endpoint = destination.id.starts_with("wh_");
  json.member(endpoint ? "webhook_id" : "destination_id", destination.id);
  text_member(json, "name", destination.name);
  if (!endpoint) json.member("kind", model::to_string(destination.kind));
  text_member(json, "url", destination.url);
  strings_member(json, "events", destination.events);
  if (!endpoint) strings_member(json, "sources", destination.sources);
  if (new_secret) json.member("secret", *new_secret);
  text_member(json, "job_id", destination.job_id);
  json.member("status", model::to_string(destination.state));
  text_member(json, "status_reason", destination.state_reason);
  append_delivery_options(json, destination.options);
  strings_member(json, "signatures", signatures_of(destination));
  const auto newest = std::ranges::find_if(
      destination.secrets, [](const auto& secret) { return !secret.public_key.empty(); });
  text_member(json, "public_key",
              newest == destination.secrets.end() ? std::string_view() : newest->public_key);
  if (destination.kind == model::DestinationKind::kContacts) {
    json.key("settings");
    const auto shown = destinations::public_contacts_settings(destination.settings);
    json.raw(shown ? webhooks::canonical(*shown) : "{}");
  } else if (destination.kind == model::DestinationKind::kHttp) {
    json.key("settings");
    json.raw(destinations::public_http_settings(destination.settings));
  } else {
    json.key("settings");
    json.raw(destinations::StoredSettings(destination.settings).public_json());
  }
  if (!endpoint) json.member("configured", destinations::is_configured(destination));
  json.member("created_at", to_iso8601(destination.created_at));
  json.member("updated_at", to_iso8601(destination.updated_at));
  json.end_object();
  return text;
}

std::string source_json(const model::Source& source, const std::optional<std::string>& new_secret) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("source_id", source.id);
  json.member("name", source.name);
  json.member("path", "/webhooks/" + source.name);
  json.key("verifier");
  json.raw(source.verifier);
  json.member("secret_count", source.secrets.size());
  if (new_secret) json.member("secret", *new_secret);
  strings_member(json, "ip_allowlist", source.ip_allowlist);
  json.member("timestamp_tolerance_s", source.timestamp_tolerance_s);
  json.member("body_bytes_max", source.body_bytes_max);
  text_member(json, "dedup_key", source.dedup_key);
  json.member("mode", model::to_string(source.mode));
  append_settings(json, source.settings);
  json.member("created_at", to_iso8601(source.created_at));
  json.member("updated_at", to_iso8601(source.updated_at));
  json.end_object();
  return text;
}

std::string event_json(const model::Event& event) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("event_id", event.id);
  json.member("event_type", event.type);
  json.member("origin", event.origin == model::EventOrigin::kProduced ? "produced" : "received");
  text_member(json, "job_id", webhooks::head_of(event).job_id);
  text_member(json, "source", event.source_name);
  json.member("status", model::to_string(event.status));
  json.member("retry_count", event.retry_count);
  json.member("created_at", to_iso8601(event.created_at));
  json.key("payload");
  if (event.origin == model::EventOrigin::kProduced) {
    json.raw(webhooks::render(webhooks::head_of(event), event.body, event.created_at));
  } else {
    json.value(event.body);  // as text: the bytes are the sender's
  }
  json.end_object();
  return text;
}

std::string delivery_json(const model::Delivery& delivery,
                          const std::vector<model::Attempt>* attempts) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("delivery_id", delivery.id);
  json.member("event_id", delivery.event_id);
  json.member("destination_id", delivery.destination_id);
  text_member(json, "replay_id", delivery.replay_id);
  json.member("status", model::to_string(delivery.state));
  json.member("attempt_count", delivery.attempt_count);
  const bool pending = delivery.state == model::DeliveryState::kPending;
  time_member(json, "next_attempt_at",
              pending ? std::optional(delivery.next_attempt_at) : std::nullopt);
  json.key("last_status_code");
  if (delivery.last_status_code == 0) {
    json.null();
  } else {
    json.value(delivery.last_status_code);
  }
  text_member(json, "last_error", delivery.last_error);
  json.member("created_at", to_iso8601(delivery.created_at));
  time_member(json, "finished_at", delivery.finished_at);
  if (attempts != nullptr) {
    json.key("attempts");
    json.begin_array();
    for (const model::Attempt& attempt : *attempts) {
      json.begin_object();
      json.member("attempt_id", attempt.id);
      json.member("number", attempt.number);
      json.member("started_at", to_iso8601(attempt.started_at));
      json.member("status_code", attempt.status_code);
      text_member(json, "error_class", attempt.error_class);
      text_member(json, "error", attempt.error);
      json.member("latency_ms", attempt.latency_ms);
      append_phases(json, attempt.phases);
      text_member(json, "response", attempt.response_head);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return text;
}

std::string key_json(const model::ApiKey& key, const std::optional<std::string>& new_key) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("key_id", key.id);
  text_member(json, "name", key.name);
  json.member("prefix", key.prefix);
  if (new_key) json.member("key", *new_key);
  json.member("tenant_id", key.tenant_id);
  json.member("scope", model::to_string(key.scope));
  json.member("created_at", to_iso8601(key.created_at));
  time_member(json, "expires_at", key.expires_at);
  time_member(json, "revoked_at", key.revoked_at);
  json.end_object();
  return text;
}

std::string tenant_json(const model::Tenant& tenant) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("tenant_id", tenant.id);
  json.member("name", tenant.name);
  json.member("created_at", to_iso8601(tenant.created_at));
  json.key("retention_days");
  if (tenant.retention_days) {
    json.value(*tenant.retention_days);
  } else {
    json.null();
  }
  json.end_object();
  return text;
}

std::string erasure_json(const model::Erasure& erasure) {
  const bool completed = erasure.state == model::ErasureState::kCompleted;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("erasure_id", erasure.id);
  json.member("status", completed ? "completed" : "running");
  text_member(json, "tenant_id", erasure.scope);
  json.member("address_hash", erasure.address_hash);
  json.key("erased");
  json.begin_object();
  for (const auto& [kind, count] : erasure.counts) json.member(kind, count);
  json.end_object();
  json.member("created_at", to_iso8601(erasure.created_at));
  time_member(json, "finished_at", erasure.finished_at);
  json.end_object();
  return text;
}

std::string contact_json(const model::Contact& contact) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("email", contact.email);
  json.member("email_verified", contact.email_verified);
  time_member(json, "verification_date", contact.verification_date);
  text_member(json, "verification_job_id", contact.verification_job_id);
  text_member(json, "email_invalid_reason", contact.email_invalid_reason);
  json.end_object();
  return text;
}

std::string rejected_json(const model::RejectedEntry& entry) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("number", entry.number);
  json.key("line");
  if (entry.line > 0) {
    json.value(entry.line);
  } else {
    json.null();
  }
  json.member("reason", entry.reason);
  json.member("excerpt", entry.excerpt);
  json.end_object();
  return text;
}

}  // namespace verihook::api
