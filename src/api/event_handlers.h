// Handlers of /v1/events, /v1/deliveries and /v1/dead-letters.
#pragma once

#include <string>

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer list_events(Context& context, Call& call);
Answer get_event(Context& context, Call& call);
Answer list_all_deliveries(Context& context, Call& call);
Answer get_delivery(Context& context, Call& call);
Answer retry_delivery(Context& context, Call& call);
Answer list_dead_letters(Context& context, Call& call);
Answer requeue_dead_letter(Context& context, Call& call);
Answer requeue_dead_letters(Context& context, Call& call);

// For GET /v1/webhooks/{webhook_id}/deliveries too.
Answer list_deliveries_to(Context& context, Call& call, std::string destination_id);

}  // namespace verihook::api
