#include "api/listener_handlers.h"

#include <memory>

#include "api/endpoint_fields.h"
#include "api/endpoint_secrets.h"
#include "api/event_stream.h"
#include "api/resource_json.h"
#include "destinations/listeners.h"
#include "store/destinations.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kResponseBytesMax = 64 * 1024;

// An attempt waits fifteen seconds for the listener, so this is about half an hour without one.
std::vector<Milliseconds> listener_schedule() {
  std::vector<Milliseconds> schedule(50, 20s);
  schedule[0] = schedule[1] = 1s;
  schedule[2] = schedule[3] = 5s;
  return schedule;
}

Task<Result<model::Destination>> find_listener(Context& context, const Call& call) {
  const std::string id(call.request.capture("webhook_id"));
  auto found = co_await context.database.read([&](store::Connection& db) {
    return store::find_destination(db, call.caller.tenant_id, id);
  });
  if (!found && found.error().code != Errc::kNotFound) co_return found;
  if (!found || found->url != destinations::listener_url(id)) co_return not_found("listener");
  co_return found;
}

// A request as the endpoint would get it, and the number to answer it by.
std::string to_event(const destinations::ListenerRequest& request) {
  std::string data;
  webhooks::JsonWriter json(data);
  json.begin_object();
  json.member("number", request.number);
  json.key("headers");
  json.begin_object();
  for (const auto& [name, value] : request.headers.fields()) json.member(name, value);
  json.end_object();
  json.member("body", request.body);
  json.end_object();
  return server_event("request", static_cast<std::int64_t>(request.number), data);
}

// The next piece, empty at the end. Something is said at once, so that the listener knows that it
// is connected.
class RequestStream {
 public:
  RequestStream(Context& context, std::string endpoint_id)
      : clock_(context.clock()), stream_(context.listeners, std::move(endpoint_id)) {}

  Task<Result<std::string>> next() {
    if (!std::exchange(greeted_, true)) co_return std::string(": connected\n\n");
    const Deadline heartbeat = Deadline::after(clock_, kHeartbeatInterval);
    if (auto request = co_await stream_.next(heartbeat)) co_return to_event(*request);
    if (stream_.ended()) co_return std::string();
    co_return std::string(kHeartbeat);
  }

 private:
  const Clock& clock_;
  destinations::Listeners::Stream stream_;
  bool greeted_ = false;
};

}  // namespace

Answer create_listener(Context& context, Call& call) {
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  NewEndpoint made = make_listener(context, call.caller.tenant_id);
  made.destination.options.retry_schedule = listener_schedule();
  CO_TRY_VOID(read_secrets(context, fields, made.destination, made.shown_secret));
  if (made.destination.secrets.empty()) CO_TRY_VOID(add_new_secret(context, made));
  CO_TRY_VOID(read_delivery_fields(fields, made.destination));
  CO_TRY_VOID(fields.refuse_others());
  CO_TRY_VOID(co_await context.database.write(
      [&](store::Connection& db) { return store::insert_destination(db, made.destination); }));
  co_return http::json_response(201, destination_json(made.destination, made.shown_secret));
}

Answer stream_listener(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(listener, co_await find_listener(context, call));
  auto requests = std::make_shared<RequestStream>(context, listener.id);
  // What had failed for want of a listener is not kept back any longer.
  context.dispatcher.wake(listener.tenant_id, listener.id);
  co_return event_stream(std::move(requests));
}

Answer answer_listener(Context& context, Call& call) {
  CO_TRY(listener, co_await find_listener(context, call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(number, fields.optional_integer("number", 1, std::int64_t{1} << 53));
  CO_TRY(status, fields.optional_integer("status", 200, 599));
  CO_TRY(body, fields.optional_string("body", kResponseBytesMax));
  CO_TRY_VOID(fields.refuse_others());
  if (!number || !status) {
    co_return fail(Errc::kInvalidArgument,
                   "number and status are wanted: which request was answered, and with what");
  }
  http::ClientResponse response;
  response.status = static_cast<unsigned>(*status);
  response.body = body.value_or("");
  const bool waited = context.listeners.acknowledge(
      listener.id, static_cast<std::uint64_t>(*number), std::move(response));
  // It had given up on the answer and will send the event again.
  if (!waited) co_return not_found("waiting request");
  co_return http::json_response(200, "{\"number\":" + std::to_string(*number) + "}");
}

}  // namespace verihook::api
