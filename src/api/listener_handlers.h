// Handlers of /v1/listeners: events on a stream to whoever cannot be reached by a URL, and the
// answers that come back (destinations/listeners.h). A listener is an endpoint, so everything else
// about it is under /v1/webhooks.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_listener(Context& context, Call& call);
Answer stream_listener(Context& context, Call& call);
Answer answer_listener(Context& context, Call& call);

}  // namespace verihook::api
