// Handler of GET /v1/webhooks/{webhook_id}/health.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer get_webhook_health(Context& context, Call& call);

}  // namespace verihook::api
