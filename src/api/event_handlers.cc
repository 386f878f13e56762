#include "api/event_handlers.h"

#include <array>
#include <set>

#include "api/event_selection.h"
#include "api/resource_json.h"
#include "delivery/dead_letters.h"
#include "store/events.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

template <class State, std::size_t Size>
Result<std::optional<State>> read_state(const http::Request& request,
                                        const std::array<State, Size>& states) {
  const std::string text = read_query(request, "status");
  if (text.empty()) return std::optional<State>();
  std::string allowed;
  for (const State state : states) {
    if (model::to_string(state) == text) return std::optional<State>(state);
    allowed += allowed.empty() ? "" : ", ";
    allowed += model::to_string(state);
  }
  return fail(Errc::kInvalidArgument, "status must be one of: " + allowed);
}

Answer deliveries_page(Context& context, const Call& call, store::DeliveryFilter filter) {
  CO_TRY(limit, read_limit(call.request));
  filter.before_id = read_query(call.request, "cursor");
  filter.limit = limit + 1;
  CO_TRY(deliveries, co_await context.database.read([&](store::Connection& db) {
    return store::list_deliveries(db, call.caller.tenant_id, filter);
  }));
  co_return page_of(
      std::move(deliveries), limit,
      [](const model::Delivery& delivery) { return delivery_json(delivery, nullptr); },
      &model::Delivery::id);
}

// In one write, so that nobody waits for long; and in one request.
constexpr std::int64_t kRequeuedAtOnce = 200;
constexpr std::int64_t kRequeuedMax = 10'000;

struct DeliveryAndAttempts {
  model::Delivery delivery;
  std::vector<model::Attempt> attempts;
};

using Change = Result<model::Delivery> (*)(store::Connection&, std::string_view, std::string_view,
                                           WallTime);

Answer change_delivery(Context& context, const Call& call, std::string_view noun, Change change) {
  const std::string id(call.request.capture("delivery_id"));
  if (!is_id(id, id_prefix::kDelivery)) co_return not_found(noun);
  const WallTime now = context.clock().wall_now();
  auto changed = co_await context.database.write(
      [&](store::Connection& db) { return change(db, call.caller.tenant_id, id, now); });
  if (!changed && changed.error().code == Errc::kNotFound) co_return not_found(noun);
  if (!changed) co_return std::unexpected(changed.error());
  context.dispatcher.due(changed->tenant_id, changed->destination_id);
  co_return http::json_response(202, delivery_json(*changed, nullptr));
}

}  // namespace

Answer list_events(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor", "type", "job_id", "source",
                                                  "endpoint", "status", "since", "until", "text"}));
  using enum model::EventStatus;
  CO_TRY(limit, read_limit(call.request));
  store::EventFilter filter;
  CO_TRY_VOID(read_selection(call.request, filter));
  CO_TRY(status, read_state(call.request, std::array{kPending, kProcessed, kFailed, kDead}));
  filter.status = status;
  filter.before_id = read_query(call.request, "cursor");
  filter.limit = limit + 1;
  CO_TRY(events, co_await context.database.read([&](store::Connection& db) {
    return store::list_events(db, call.caller.tenant_id, filter);
  }));
  co_return page_of(
      std::move(events), limit, [](const model::Event& event) { return event_json(event); },
      &model::Event::id);
}

Answer get_event(Context& context, Call& call) {
  const std::string id(call.request.capture("event_id"));
  if (!is_id(id, id_prefix::kEvent)) co_return not_found("event");
  auto event = co_await context.database.read(
      [&](store::Connection& db) { return store::find_event(db, call.caller.tenant_id, id); });
  if (!event && event.error().code == Errc::kNotFound) co_return not_found("event");
  if (!event) co_return std::unexpected(event.error());
  co_return http::json_response(200, event_json(*event));
}

Answer list_deliveries_to(Context& context, Call& call, std::string destination_id) {
  CO_TRY_VOID(
      refuse_other_queries(call.request, {"limit", "cursor", "status", "event_id", "type", "job_id",
                                          "source", "endpoint", "since", "until", "text"}));
  using enum model::DeliveryState;
  store::DeliveryFilter filter;
  CO_TRY_VOID(read_selection(call.request, filter));
  if (!destination_id.empty()) filter.destination_id = std::move(destination_id);
  filter.event_id = read_query(call.request, "event_id");
  CO_TRY(state, read_state(call.request,
                           std::array{kPending, kDelivered, kDead, kSuperseded, kCancelled}));
  filter.state = state;
  co_return co_await deliveries_page(context, call, std::move(filter));
}

Answer list_all_deliveries(Context& context, Call& call) {
  return list_deliveries_to(context, call, "");
}

Answer get_delivery(Context& context, Call& call) {
  const std::string id(call.request.capture("delivery_id"));
  if (!is_id(id, id_prefix::kDelivery)) co_return not_found("delivery");
  auto found =
      co_await context.database.read([&](store::Connection& db) -> Result<DeliveryAndAttempts> {
        TRY(delivery, store::find_delivery(db, call.caller.tenant_id, id));
        TRY(attempts, store::list_attempts(db, call.caller.tenant_id, id));
        return DeliveryAndAttempts{std::move(delivery), std::move(attempts)};
      });
  if (!found && found.error().code == Errc::kNotFound) co_return not_found("delivery");
  if (!found) co_return std::unexpected(found.error());
  co_return http::json_response(200, delivery_json(found->delivery, &found->attempts));
}

Answer retry_delivery(Context& context, Call& call) {
  return change_delivery(context, call, "delivery", &delivery::retry_now);
}

Answer list_dead_letters(Context& context, Call& call) {
  CO_TRY_VOID(
      refuse_other_queries(call.request, {"limit", "cursor", "destination_id", "type", "job_id",
                                          "source", "endpoint", "since", "until", "text"}));
  store::DeliveryFilter filter;
  filter.state = model::DeliveryState::kDead;
  CO_TRY_VOID(read_selection(call.request, filter));
  const std::string destination_id = read_query(call.request, "destination_id");
  if (!destination_id.empty()) filter.destination_id = destination_id;
  co_return co_await deliveries_page(context, call, std::move(filter));
}

Answer requeue_dead_letter(Context& context, Call& call) {
  return change_delivery(context, call, "dead letter", &delivery::requeue);
}

Answer requeue_dead_letters(Context& context, Call& call) {
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(which, read_selection(fields));
  CO_TRY_VOID(fields.refuse_others());
  const WallTime now = context.clock().wall_now();
  std::int64_t count = 0;
  std::set<std::string> destinations;
  std::string cursor;
  do {
    CO_TRY(slice, co_await context.database.write([&](store::Connection& db) {
      return delivery::requeue_slice(db, call.caller.tenant_id, which, cursor, kRequeuedAtOnce,
                                     now);
    }));
    count += slice.count;
    cursor = std::move(slice.cursor);
    destinations.merge(slice.destinations);
  } while (!cursor.empty() && count < kRequeuedMax);
  for (const std::string& id : destinations) context.dispatcher.due(call.caller.tenant_id, id);
  std::string body;
  webhooks::JsonWriter json(body);
  json.begin_object();
  json.member("requeued", count);
  json.member("more", !cursor.empty());
  json.end_object();
  co_return http::json_response(202, std::move(body));
}

}  // namespace verihook::api
