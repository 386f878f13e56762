#include "destinations/notify_destination.h"

#include <algorithm>
#include <utility>

#include "destinations/event_facts.h"
#include "destinations/failure.h"
#include "destinations/http_destination.h"
#include "destinations/notice.h"
#include "destinations/remote_job.h"
#include "destinations/stored_settings.h"
#include "store/events.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {

namespace json = boost::json;
using delivery::AttemptResult;

namespace {

// Progress may come out of order, but not by much.
constexpr std::int64_t kToldBeforeMax = 20;

AttemptResult delivered(std::string_view said) {
  AttemptResult result;
  result.success = true;
  result.response_head = response_head(said);
  return result;
}

// Of others' events the body may be anything; then the notice says less.
json::object payload_object(const model::Event& event, WallTime attempt_time) {
  auto parsed = webhooks::parse_strict_json(payload_of(event, attempt_time),
                                            webhooks::received_json_limits());
  if (!parsed || !parsed->is_object()) return {};
  return std::move(parsed->get_object());
}

int quarter_in(const json::object& payload) {
  return quarter_of(count_of(payload, "processed_count"), count_of(payload, "total_count"));
}

}  // namespace

bool notifies_by_mail(const model::Destination& destination) {
  return std::ranges::any_of(kMailSchemes, [&](const ServiceScheme& scheme) {
    return destination.url.starts_with(std::string(scheme.name) + "://");
  });
}

NotifyDestination::NotifyDestination(store::Database& database, http::Client& client,
                                     StreamLinks& mail, const crypto::SecretBox& secrets,
                                     const Clock& clock, NotifyOptions options)
    : database_(database),
      client_(client),
      mail_(mail),
      secrets_(secrets),
      clock_(clock),
      options_(std::move(options)) {}

Task<AttemptResult> NotifyDestination::attempt(const model::Destination& destination,
                                               const model::Event& event, const model::Delivery&,
                                               Deadline deadline) {
  const MonotonicTime began = clock_.monotonic_now();
  const json::object payload = payload_object(event, clock_.wall_now());
  AttemptResult result;
  Result<bool> worth_telling = true;
  if (event.type == model::event_type::kBulkProgress) {
    worth_telling = co_await passes_quarter(destination, event, payload);
  }
  if (!worth_telling) {
    result = failed(worth_telling.error());
  } else if (!*worth_telling) {
    result = delivered("nothing to tell: no further quarter is done");
  } else {
    const Notice notice = notice_of(event, payload);
    if (notifies_by_mail(destination)) {
      result = co_await send_mail(destination, notice, event, deadline);
    } else {
      result = co_await post(destination, slack_form_of(notice), deadline);
    }
  }
  result.latency_ms =
      std::chrono::duration<double, std::milli>(clock_.monotonic_now() - began).count();
  co_return result;
}

Task<Result<bool>> NotifyDestination::passes_quarter(const model::Destination& destination,
                                                     const model::Event& event,
                                                     const json::object& payload) const {
  const int quarter = quarter_in(payload);
  if (quarter == 0) co_return false;
  store::DeliveryFilter told;
  told.type = event.type;
  told.job_id = event.job_id;
  told.destination_id = destination.id;
  told.state = model::DeliveryState::kDelivered;
  told.limit = kToldBeforeMax;
  const WallTime now = clock_.wall_now();
  co_return co_await database_.read([&](store::Connection& db) -> Result<bool> {
    TRY(deliveries, store::list_deliveries(db, event.tenant_id, told));
    for (const model::Delivery& each : deliveries) {
      auto before = store::find_event(db, event.tenant_id, each.event_id);
      if (!before && before.error().code == Errc::kNotFound) continue;
      if (!before) return std::unexpected(before.error());
      if (before->source_name != event.source_name) continue;
      if (quarter_in(payload_object(*before, now)) >= quarter) return false;
    }
    return true;
  });
}

Task<AttemptResult> NotifyDestination::post(const model::Destination& destination, std::string body,
                                            Deadline deadline) const {
  auto url = http::Url::parse(destination.url);
  if (!url) co_return failed(url.error());
  http::ClientRequest request;
  request.url = std::move(*url);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("User-Agent", options_.user_agent);
  request.body = std::move(body);
  request.connect_timeout_ms = options_.connect_timeout_ms;
  request.total_timeout_ms = std::min(options_.total_timeout_ms, deadline.time_left(clock_));
  const auto response = co_await client_.send(std::move(request));
  if (!response) co_return result_of(response.error());
  // As for a received event: only what can pass is tried again.
  co_return result_of(*response, model::EventOrigin::kReceived, clock_.wall_now());
}

Task<AttemptResult> NotifyDestination::send_mail(const model::Destination& destination,
                                                 const Notice& notice, const model::Event& event,
                                                 Deadline deadline) const {
  auto address = open_service_url(destination, kMailSchemes, secrets_);
  if (!address) co_return failed(address.error());
  const StoredSettings settings(destination.settings);
  StreamMessage message;
  message.id = event.id;
  message.target = settings.text(notify_setting::kFrom);
  message.recipients = settings.texts(notify_setting::kTo);
  message.payload = mail_form_of(notice, {.from = message.target,
                                          .to = message.recipients,
                                          .id = event.id + "." + destination.id,
                                          .date = event.created_at});
  const auto said =
      co_await mail_.publish(destination.id, std::move(*address), std::move(message), deadline);
  if (!said) co_return failed(said.error());
  co_return delivered(*said);
}

}  // namespace verihook::destinations
