#include "api/endpoint_health.h"

#include "store/destinations.h"
#include "store/endpoint_health.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

using webhooks::JsonWriter;

template <class Value, class Write>
void member_or_null(JsonWriter& json, std::string_view name, const std::optional<Value>& value,
                    Write write) {
  json.key(name);
  if (value) {
    write(*value);
  } else {
    json.null();
  }
}

void append_failure(JsonWriter& json, const model::Attempt& failure) {
  json.begin_object();
  json.member("at", to_iso8601(failure.started_at));
  json.member("delivery_id", failure.delivery_id);
  json.member("status_code", failure.status_code);
  json.member("error_class", failure.error_class);
  json.member("error", failure.error);
  json.end_object();
}

std::string health_json(const model::Destination& endpoint, const store::EndpointHealth& health,
                        std::optional<delivery::BreakerState> breaker) {
  std::string text;
  JsonWriter json(text);
  const auto number = [&](double value) { json.value(value); };
  const auto time = [&](WallTime value) { json.value(to_iso8601(value)); };
  json.begin_object();
  json.member("webhook_id", endpoint.id);
  json.member("status", model::to_string(endpoint.state));
  json.member("breaker", delivery::to_string(breaker.value_or(delivery::BreakerState::kClosed)));
  json.member("attempts", health.attempts);
  std::optional<double> rate;
  if (health.attempts > 0) {
    rate = static_cast<double>(health.successes) / static_cast<double>(health.attempts);
  }
  member_or_null(json, "success_rate", rate, number);
  member_or_null(json, "since", health.since, time);
  json.key("latency_ms");
  json.begin_object();
  member_or_null(json, "p50", health.p50_ms, number);
  member_or_null(json, "p95", health.p95_ms, number);
  member_or_null(json, "p99", health.p99_ms, number);
  json.end_object();
  member_or_null(json, "last_success_at", health.last_success_at, time);
  member_or_null(json, "last_failure", health.last_failure,
                 [&](const model::Attempt& failure) { append_failure(json, failure); });
  json.member("waiting", health.waiting);
  member_or_null(json, "next_attempt_at", health.next_attempt_at, time);
  json.end_object();
  return text;
}

struct Found {
  model::Destination endpoint;
  store::EndpointHealth health;
};

}  // namespace

Answer get_webhook_health(Context& context, Call& call) {
  const std::string id(call.request.capture("webhook_id"));
  if (!is_id(id, id_prefix::kWebhook)) co_return not_found("webhook");
  auto found = co_await context.database.read([&](store::Connection& db) -> Result<Found> {
    TRY(endpoint, store::find_destination(db, call.caller.tenant_id, id));
    TRY(health, store::find_health(db, call.caller.tenant_id, id));
    return Found{std::move(endpoint), std::move(health)};
  });
  if (!found && found.error().code == Errc::kNotFound) co_return not_found("webhook");
  if (!found) co_return std::unexpected(found.error());
  co_return http::json_response(
      200, health_json(found->endpoint, found->health, context.dispatcher.breaker_state(id)));
}

}  // namespace verihook::api
