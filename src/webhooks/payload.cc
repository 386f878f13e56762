#include "webhooks/payload.h"

#include <algorithm>

#include "base/ids.h"
#include "webhooks/json_writer.h"

namespace verihook::webhooks {

namespace {

// What `write_members` writes into an object, without the braces around it.
std::string members(const auto& write_members) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object();
  write_members(writer);
  return text.substr(1);
}

void write_summary(JsonWriter& writer, const model::Summary& summary) {
  writer.key("summary");
  writer.begin_object();
  writer.member("total", summary.total);
  writer.member("valid", summary.valid);
  writer.member("invalid", summary.invalid);
  writer.member("risky", summary.risky);
  writer.member("unknown", summary.unknown);
  writer.member("disposable", summary.disposable);
  writer.member("catch_all", summary.catch_all);
  writer.member("role", summary.role);
  writer.member("free", summary.free);
  writer.member("duplicates", summary.duplicates);
  writer.end_object();
}

void write_raw(JsonWriter& writer, std::string_view name, std::string_view json) {
  writer.key(name);
  writer.raw(json);
}

void write_created_at(JsonWriter& writer, WallTime time) {
  writer.member("created_at", to_iso8601(time));
}

}  // namespace

std::string_view to_string(BulkErrorCode code) {
  constexpr std::array<std::string_view, 5> kNames = {"PROCESSING_ERROR", "EGRESS_BLOCKED",
                                                      "RESOLVER_UNAVAILABLE", "CANCELLED",
                                                      "DEADLINE_EXCEEDED"};
  return kNames[static_cast<std::size_t>(code)];
}

EventHead head_of(const model::Event& event) {
  // A verification's events belong to it as a job's do to the job; it names itself in the tail.
  const bool of_job = !is_id(event.job_id, id_prefix::kVerification);
  return {event.type, event.id, event.tenant_id, of_job ? event.job_id : std::string_view()};
}

std::string render(const EventHead& head, std::string_view tail, WallTime attempt_time) {
  std::string body;
  body.reserve(256 + tail.size());
  JsonWriter writer(body);
  writer.begin_object();
  writer.member("event_type", head.event_type);
  writer.member("webhook_id", head.webhook_id);
  writer.member("tenant_id", head.tenant_id);
  writer.key("job_id");
  if (head.job_id.empty()) {
    writer.null();
  } else {
    writer.value(head.job_id);
  }
  writer.member("timestamp", to_iso8601(attempt_time));
  if (!tail.empty()) {
    body += ',';
    body += tail;
  }
  writer.end_object();
  return body;
}

std::string tail_of(const BulkCompleted& event) {
  return members([&](JsonWriter& writer) {
    writer.member("status", "completed");
    write_summary(writer, event.summary);
    writer.member("processing_time_ms", event.processing_time_ms);
    writer.member("download_url", event.download_url);
    write_raw(writer, "metadata", event.metadata);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const BulkProgress& event) {
  return members([&](JsonWriter& writer) {
    writer.member("status", "processing");
    writer.member("processed_count", event.processed_count);
    writer.member("total_count", event.total_count);
    writer.member("percent_complete", percent_complete(event.processed_count, event.total_count));
    writer.member("estimated_completion", event.estimated_completion.transform(to_iso8601));
    write_summary(writer, event.summary);
    write_raw(writer, "metadata", event.metadata);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const BulkFailed& event) {
  return members([&](JsonWriter& writer) {
    writer.member("status", "failed");
    writer.member("error_code", event.error_code);
    writer.member("error_message", event.error_message);
    writer.member("partial_results_available", event.partial_results_available);
    writer.member("processed_count", event.processed_count);
    writer.member("total_count", event.total_count);
    writer.member("download_url", event.download_url);
    write_raw(writer, "metadata", event.metadata);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const VerificationCompleted& event) {
  return members([&](JsonWriter& writer) {
    writer.member("verification_id", event.verification_id);
    write_raw(writer, "result", event.result);
    write_raw(writer, "metadata", event.metadata);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const EndpointDisabled& event) {
  return members([&](JsonWriter& writer) {
    writer.member("endpoint_id", event.endpoint_id);
    writer.member("url", event.url);
    writer.member("disabled_reason", event.disabled_reason);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const DeliveryDeadLettered& event) {
  return members([&](JsonWriter& writer) {
    writer.member("delivery_id", event.delivery_id);
    writer.member("endpoint_id", event.endpoint_id);
    writer.member("failed_event_id", event.failed_event_id);
    writer.member("failed_event_type", event.failed_event_type);
    writer.member("attempt_count", event.attempt_count);
    writer.member("last_status_code", event.last_status_code);
    writer.member("last_error", event.last_error);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const SourceRejecting& event) {
  return members([&](JsonWriter& writer) {
    writer.member("source", event.source);
    writer.member("rejected_count", event.rejected_count);
    writer.member("window_s", event.window_s);
    writer.member("last_reason", event.last_reason);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const Alert& event) {
  return members([&](JsonWriter& writer) {
    writer.member("alert", event.alert);
    writer.member("subject",
                  event.subject.empty() ? std::nullopt : std::optional<std::string>(event.subject));
    writer.member("message", event.message);
    writer.member("value", event.value);
    writer.member("limit", event.limit);
    write_created_at(writer, event.created_at);
  });
}

std::string tail_of(const WebhookTest& event) {
  return members([&](JsonWriter& writer) {
    writer.member("endpoint_id", event.endpoint_id);
    writer.member("message", event.message);
    write_created_at(writer, event.created_at);
  });
}

double percent_complete(std::int64_t processed_count, std::int64_t total_count) {
  if (total_count <= 0) return 100;
  const std::int64_t done = std::clamp<std::int64_t>(processed_count, 0, total_count);
  return static_cast<double>(done * 1000 / total_count) / 10;
}

}  // namespace verihook::webhooks
