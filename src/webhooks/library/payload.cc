// Reading payloads for users of the library: the counterpart of webhooks/payload.h.
#include <boost/json/object.hpp>

#include "base/clock.h"
#include "webhooks/canonical_json.h"
#include "webhooks/library/webhooks.h"
#include "webhooks/strict_json.h"

namespace verihook::webhooks::v1 {
namespace {

namespace json = boost::json;

// Reads members into values that keep what they are when a member is missing or null. The first one
// of a wrong type is kept as the error.
class Members {
 public:
  Members(const json::object& object, std::string path, std::optional<Error>& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }

  void read(std::string_view name, std::string& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return refuse(name, "a string");
    out = value->get_string();
  }
  void read(std::string_view name, bool& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return refuse(name, "true or false");
    out = value->get_bool();
  }
  void read(std::string_view name, std::int64_t& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_int64()) return refuse(name, "a whole number");
    out = value->get_int64();
  }
  void read(std::string_view name, double& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_number()) return refuse(name, "a number");
    out = value->to_number<double>();
  }
  void read(std::string_view name, Time& out) {
    std::string text;
    read(name, text);
    if (!has(name) || error_) return;
    const auto time = parse_iso8601(text);
    if (!time) return refuse(name, "a time in ISO 8601");
    out = *time;
  }
  void read(std::string_view name, Summary& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_object()) return refuse(name, "an object");
    Members members(value->get_object(), path_ + std::string(name) + ".", error_);
    members.read("total", out.total);
    members.read("valid", out.valid);
    members.read("invalid", out.invalid);
    members.read("risky", out.risky);
    members.read("unknown", out.unknown);
    members.read("disposable", out.disposable);
    members.read("catch_all", out.catch_all);
    members.read("role", out.role);
    members.read("free", out.free);
    members.read("duplicates", out.duplicates);
  }
  template <class T>
  void read(std::string_view name, std::optional<T>& out) {
    if (has(name)) read(name, out.emplace());
  }
  // As JSON text, in the form that the sender writes.
  void read_json(std::string_view name, std::string& out) {
    if (const json::value* value = find(name)) out = canonical(*value);
  }
  void require(std::string_view name) {
    if (!has(name)) refuse(name, "there");
  }

 private:
  const json::value* find(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  void refuse(std::string_view name, std::string_view expected) {
    if (error_) return;
    error_ = Error{"\"" + path_ + std::string(name) + "\" must be " + std::string(expected) + "."};
  }

  const json::object& object_;
  const std::string path_;
  std::optional<Error>& error_;
};

void read(Members& members, BulkCompleted& event) {
  members.read("summary", event.summary);
  members.read("processing_time_ms", event.processing_time_ms);
  members.read("download_url", event.download_url);
}

void read(Members& members, BulkProgress& event) {
  members.read("processed_count", event.processed_count);
  members.read("total_count", event.total_count);
  members.read("percent_complete", event.percent_complete);
  members.read("estimated_completion", event.estimated_completion);
  members.read("summary", event.summary);
}

void read(Members& members, BulkFailed& event) {
  members.read("error_code", event.error_code);
  members.read("error_message", event.error_message);
  members.read("partial_results_available", event.partial_results_available);
  members.read("processed_count", event.processed_count);
  members.read("total_count", event.total_count);
  members.read("download_url", event.download_url);
}

void read(Members& members, VerificationCompleted& event) {
  members.read("verification_id", event.verification_id);
  members.read_json("result", event.result);
}

void read(Members& members, EndpointDisabled& event) {
  members.read("endpoint_id", event.endpoint_id);
  members.read("url", event.url);
  members.read("disabled_reason", event.disabled_reason);
}

void read(Members& members, DeliveryDeadLettered& event) {
  members.read("delivery_id", event.delivery_id);
  members.read("endpoint_id", event.endpoint_id);
  members.read("failed_event_id", event.failed_event_id);
  members.read("failed_event_type", event.failed_event_type);
  members.read("attempt_count", event.attempt_count);
  members.read("last_status_code", event.last_status_code);
  members.read("last_error", event.last_error);
}

void read(Members& members, SourceRejecting& event) {
  members.read("source", event.source);
  members.read("rejected_count", event.rejected_count);
  members.read("window_s", event.window_s);
  members.read("last_reason", event.last_reason);
}

void read(Members& members, Alert& event) {
  members.read("alert", event.alert);
  members.read("subject", event.subject);
  members.read("message", event.message);
  members.read("value", event.value);
  members.read("limit", event.limit);
}

void read(Members& members, WebhookTest& event) {
  members.read("endpoint_id", event.endpoint_id);
  members.read("message", event.message);
}

template <class T>
void read_as(Members& members, Event& event) {
  read(members, event.data.emplace<T>());
}

struct Row {
  std::string_view event_type;
  void (*read)(Members& members, Event& event);
};

constexpr Row kRows[] = {
    {"bulk.completed", read_as<BulkCompleted>},
    {"bulk.progress", read_as<BulkProgress>},
    {"bulk.failed", read_as<BulkFailed>},
    {"verification.completed", read_as<VerificationCompleted>},
    {"endpoint.disabled", read_as<EndpointDisabled>},
    {"delivery.dead_lettered", read_as<DeliveryDeadLettered>},
    {"source.rejecting", read_as<SourceRejecting>},
    {"alert.raised", read_as<Alert>},
    {"alert.cleared", read_as<Alert>},
    {"webhook.test", read_as<WebhookTest>},
};

}  // namespace

Result<Event> parse_event(std::string_view raw_body) {
  const auto value = parse_strict_json(raw_body, received_json_limits());
  if (!value) return std::unexpected(Error{value.error().message});
  if (!value->is_object()) return std::unexpected(Error{"The payload must be a JSON object."});
  std::optional<Error> error;
  Members members(value->get_object(), "", error);
  Event event;
  members.require("event_type");
  members.require("webhook_id");
  members.read("event_type", event.event_type);
  members.read("webhook_id", event.webhook_id);
  members.read("tenant_id", event.tenant_id);
  members.read("job_id", event.job_id);
  members.read("timestamp", event.timestamp);
  members.read("created_at", event.created_at);
  members.read_json("metadata", event.metadata);
  for (const Row& row : kRows) {
    if (row.event_type == event.event_type) row.read(members, event);
  }
  if (error) return std::unexpected(std::move(*error));
  return event;
}

bool is_timestamp_valid(Time timestamp, Time arrival, std::chrono::seconds tolerance) {
  return std::chrono::abs(arrival - timestamp) <= tolerance;
}

}  // namespace verihook::webhooks::v1
