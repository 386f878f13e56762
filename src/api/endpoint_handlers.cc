#include "api/endpoint_handlers.h"

#include <algorithm>

#include "api/destination_settings.h"
#include "api/endpoint_fields.h"
#include "api/endpoint_secrets.h"
#include "api/event_handlers.h"
#include "api/idempotency.h"
#include "api/resource_json.h"
#include "crypto/sha256.h"
#include "destinations/stored_settings.h"
#include "store/destinations.h"
#include "webhooks/asymmetric.h"
#include "webhooks/payload.h"

namespace verihook::api {
namespace {

constexpr std::string_view kKeySetCacheControl = "public, max-age=300";

// Which of the two resources a route is about.
struct Resource {
  std::string_view id_prefix;
  std::string_view capture;
  std::string_view noun;
};
constexpr Resource kWebhookResource{id_prefix::kWebhook, "webhook_id", "webhook"};
constexpr Resource kDestinationResource{id_prefix::kDestination, "destination_id", "destination"};

Task<Result<model::Destination>> find(Context& context, const Call& call, Resource resource) {
  const std::string id(call.request.capture(resource.capture));
  if (!is_id(id, resource.id_prefix)) co_return not_found(resource.noun);
  auto found = co_await context.database.read([&](store::Connection& db) {
    return store::find_destination(db, call.caller.tenant_id, id);
  });
  if (!found && found.error().code == Errc::kNotFound) co_return not_found(resource.noun);
  co_return found;
}

Task<Result<void>> save(Context& context, model::Destination& destination) {
  destination.updated_at = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write(
      [&](store::Connection& db) { return store::update_destination(db, destination); }));
  context.dispatcher.wake(destination.tenant_id, destination.id);
  co_return Result<void>{};
}

Answer store_new(Context& context, NewEndpoint made, const Idempotency& idempotency) {
  const model::Destination& destination = made.destination;
  std::string body = destination_json(destination, made.shown_secret);
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_destination(db, destination));
    return idempotency.remember(db, destination.created_at, 201, body);
  }));
  co_return http::json_response(201, std::move(body));
}

// Stores a new one and answers 201; a repeated Idempotency-Key gets the first answer.
Answer create(Context& context, const Call& call, std::string body_hash, NewEndpoint made) {
  CO_TRY(idempotency, Idempotency::of(call, std::move(body_hash)));
  co_return co_await idempotency.once(
      context, [&] { return store_new(context, std::move(made), idempotency); });
}

Answer list(Context& context, Call& call, Resource resource) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
    return store::list_destinations(db, call.caller.tenant_id, resource.id_prefix, cursor,
                                    limit + 1);
  }));
  co_return page_of(
      std::move(found), limit,
      [](const model::Destination& destination) { return destination_json(destination, {}); },
      &model::Destination::id);
}

DestinationRules rules_of(const Context& context) {
  return {context.secrets, context.options.allow_http_targets};
}

Result<void> refuse_configured(const model::Destination& destination) {
  if (!destinations::is_configured(destination)) return {};
  return fail(Errc::kConflict,
              "the configuration file defines this destination ([[destinations]]); change it there "
              "and start the program again");
}

Answer remove(Context& context, Call& call, Resource resource) {
  CO_TRY(destination, co_await find(context, call, resource));
  CO_TRY_VOID(refuse_configured(destination));
  const WallTime now = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) {
    return store::delete_destination(db, destination.tenant_id, destination.id, now);
  }));
  context.dispatcher.forget(destination.id);
  co_return no_content();
}

// What PATCH of a webhook may change; creation reads the same members after the ones that only it
// has. `shown` is a secret that was made and is to be shown once.
Result<void> read_changes(Context& context, Fields& fields, model::Destination& destination,
                          std::optional<std::string>& shown) {
  TRY(name, fields.optional_string("name", 200));
  if (name) destination.name = *name;
  TRY(url, fields.optional_string("url", 2'048));
  if (url) {
    TRY_VOID(check_target_url(context.options.allow_http_targets, *url));
    destination.url = *url;
  }
  TRY_VOID(read_secrets(context, fields, destination, shown));
  return read_delivery_fields(fields, destination);
}

// For receivers, which have no key of ours: an endpoint without v1a signatures is not there.
Answer key_set_of(Context& context, const Call& call, Resource resource) {
  const std::string id(call.request.capture(resource.capture));
  std::vector<std::string> keys;
  if (is_id(id, resource.id_prefix)) {
    CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
      return store::find_destination_of_any_tenant(db, id);
    }));
    if (found) keys = public_keys_of(*found, context.clock().wall_now());
  }
  if (keys.empty()) co_return not_found(resource.noun);
  http::Response response = http::json_response(200, webhooks::key_set(keys));
  response.headers.set("Cache-Control", std::string(kKeySetCacheControl));
  co_return response;
}

Answer set_state(Context& context, Call& call, Resource resource, model::DestinationState state) {
  CO_TRY(destination, co_await find(context, call, resource));
  destination.state = state;
  destination.state_reason.clear();
  CO_TRY_VOID(co_await save(context, destination));
  co_return http::json_response(200, destination_json(destination, {}));
}

}  // namespace

Answer create_webhook(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  CO_TRY(url, body.fields.string("url", 2'048));
  if (!body.fields.has("events")) {
    co_return fail(Errc::kInvalidArgument,
                   "events is missing: name the types to receive, for example [\"bulk.*\"]");
  }
  CO_TRY(made, make_endpoint(context, call.caller.tenant_id, url));
  CO_TRY_VOID(read_changes(context, body.fields, made.destination, made.shown_secret));
  if (made.destination.secrets.empty()) CO_TRY_VOID(add_new_secret(context, made));
  CO_TRY_VOID(read_settings(context.secrets, body.fields, made.destination));
  CO_TRY_VOID(body.fields.refuse_others());
  co_return co_await create(context, call, crypto::to_bytes(crypto::sha256(body.bytes)),
                            std::move(made));
}

Answer list_webhooks(Context& context, Call& call) { return list(context, call, kWebhookResource); }

Answer get_webhook(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kWebhookResource));
  co_return http::json_response(200, destination_json(destination, {}));
}

Answer patch_webhook(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kWebhookResource));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  std::optional<std::string> shown;
  CO_TRY_VOID(read_changes(context, fields, destination, shown));
  CO_TRY_VOID(read_settings(context.secrets, fields, destination));
  CO_TRY_VOID(fields.refuse_others());
  CO_TRY_VOID(co_await save(context, destination));
  co_return http::json_response(200, destination_json(destination, shown));
}

Answer delete_webhook(Context& context, Call& call) {
  return remove(context, call, kWebhookResource);
}

Answer test_webhook(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kWebhookResource));
  const WallTime now = context.clock().wall_now();
  model::Event event;
  event.tenant_id = destination.tenant_id;
  event.id = context.ids.make(id_prefix::kEvent);
  event.type = model::event_type::kWebhookTest;
  event.body = webhooks::tail_of(
      webhooks::WebhookTest{destination.id, "This is a test event from verihook.", now});
  event.created_at = now;
  CO_TRY(published, co_await context.database.write([&](store::Connection& db) {
    return context.outbox.publish_to(db, event, destination);
  }));
  context.dispatcher.take(std::move(published));
  co_return http::json_response(202, "{\"event_id\":\"" + event.id + "\"}");
}

Answer pause_webhook(Context& context, Call& call) {
  return set_state(context, call, kWebhookResource, model::DestinationState::kPaused);
}

Answer resume_webhook(Context& context, Call& call) {
  return set_state(context, call, kWebhookResource, model::DestinationState::kActive);
}

Answer rotate_webhook_secret(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kWebhookResource));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(given, fields.optional_string("secret", 512));
  CO_TRY_VOID(fields.refuse_others());
  std::optional<std::string> shown;
  CO_TRY_VOID(rotate_secrets(context, destination, given, shown));
  CO_TRY_VOID(co_await save(context, destination));
  co_return http::json_response(200, destination_json(destination, shown));
}

Answer get_webhook_keys(Context& context, Call& call) {
  return key_set_of(context, call, kWebhookResource);
}

Answer list_webhook_deliveries(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kWebhookResource));
  co_return co_await list_deliveries_to(context, call, destination.id);
}

Answer create_destination(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  Fields& fields = body.fields;
  NewEndpoint made;
  model::Destination& destination = made.destination;
  destination.tenant_id = call.caller.tenant_id;
  destination.id = context.ids.make(id_prefix::kDestination);
  destination.created_at = context.clock().wall_now();
  destination.updated_at = destination.created_at;
  CO_TRY_VOID(read_new_destination(rules_of(context), fields, DefinedBy::kCaller, destination));
  CO_TRY_VOID(read_secrets(context, fields, destination, made.shown_secret));
  if (destination.kind == model::DestinationKind::kHttp && destination.secrets.empty()) {
    CO_TRY_VOID(add_new_secret(context, made));
  }
  CO_TRY_VOID(fields.refuse_others());
  co_return co_await create(context, call, crypto::to_bytes(crypto::sha256(body.bytes)),
                            std::move(made));
}

Answer get_destination_keys(Context& context, Call& call) {
  return key_set_of(context, call, kDestinationResource);
}

Answer list_destinations(Context& context, Call& call) {
  return list(context, call, kDestinationResource);
}

Answer get_destination(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kDestinationResource));
  co_return http::json_response(200, destination_json(destination, {}));
}

Answer patch_destination(Context& context, Call& call) {
  CO_TRY(destination, co_await find(context, call, kDestinationResource));
  CO_TRY_VOID(refuse_configured(destination));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  std::optional<std::string> shown;
  CO_TRY_VOID(read_destination_changes(rules_of(context), fields, destination));
  CO_TRY_VOID(read_secrets(context, fields, destination, shown));
  CO_TRY_VOID(fields.refuse_others());
  CO_TRY_VOID(co_await save(context, destination));
  co_return http::json_response(200, destination_json(destination, shown));
}

Answer delete_destination(Context& context, Call& call) {
  return remove(context, call, kDestinationResource);
}

}  // namespace verihook::api
