// Handlers of /v1/webhooks (endpoints for the events this program produces) and /v1/destinations
// (what received events are handed to).
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_webhook(Context& context, Call& call);
Answer list_webhooks(Context& context, Call& call);
Answer get_webhook(Context& context, Call& call);
Answer patch_webhook(Context& context, Call& call);
Answer delete_webhook(Context& context, Call& call);
Answer test_webhook(Context& context, Call& call);
Answer pause_webhook(Context& context, Call& call);
Answer resume_webhook(Context& context, Call& call);
Answer rotate_webhook_secret(Context& context, Call& call);
Answer get_webhook_keys(Context& context, Call& call);
Answer list_webhook_deliveries(Context& context, Call& call);

Answer create_destination(Context& context, Call& call);
Answer list_destinations(Context& context, Call& call);
Answer get_destination(Context& context, Call& call);
Answer patch_destination(Context& context, Call& call);
Answer delete_destination(Context& context, Call& call);
Answer get_destination_keys(Context& context, Call& call);

}  // namespace verihook::api
