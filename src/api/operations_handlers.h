// Handlers of what operators and machines ask: health, metrics, the description of the API.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

// What a browser is shown at the root: what there is to look at.
Answer front_page(Context& context, Call& call);
Answer healthz(Context& context, Call& call);
Answer readyz(Context& context, Call& call);
Answer metrics(Context& context, Call& call);
Answer webhook_metrics(Context& context, Call& call);
Answer receive_webhook(Context& context, Call& call);

}  // namespace verihook::api
