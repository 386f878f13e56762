// What a caller says of an endpoint or destination, checked and made into a Destination. Shared by
// /v1/webhooks, /v1/destinations and the `webhook_url` of a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"
#include "api/fields.h"
#include "model/destination.h"
#include "webhooks/json_writer.h"

namespace verihook::api {

struct NewEndpoint {
  model::Destination destination;
  std::optional<std::string> shown_secret;  // set when the program made it
};

// An http endpoint for `url`, yet without a secret.
Result<NewEndpoint> make_endpoint(Context& context, std::string_view tenant_id,
                                  std::string_view url);
// With this secret; one is made when `secret` is empty.
Result<NewEndpoint> make_endpoint(Context& context, std::string_view tenant_id,
                                  std::string_view url, std::string_view secret);
// Likewise, for whoever listens on a stream (destinations/listeners.h) and wants every event.
NewEndpoint make_listener(Context& context, std::string_view tenant_id);
Result<void> add_new_secret(Context& context, NewEndpoint& endpoint);

// What whoever gave a `webhook_url` is told of the endpoint: `webhook_id`, and `webhook_secret`
// when the program made it.
void append_endpoint(webhooks::JsonWriter& json, const NewEndpoint& endpoint);

// The same endpoint under a new id, with its own copies of the secrets; it belongs to no job.
Result<model::Destination> copy_endpoint(Context& context, const model::Destination& endpoint);

// kInvalidArgument unless `url` is a target that deliveries may go to.
Result<void> check_target_url(bool allow_http_targets, std::string_view url);

// Reads and checks `events`, `metadata_filter`, `max_in_flight`, `rate_per_second`, `ordered`,
// `retry_schedule` (seconds), `headers`, `signature_header`, `signature_prefix`; what is absent
// stays as it is. The events of a webhook endpoint must be some that this program makes.
Result<void> read_delivery_fields(Fields& fields, model::Destination& destination);

}  // namespace verihook::api
