// Handlers of /v1/verify: one address, answered at once or later.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer verify_one(Context& context, Call& call);
Answer get_verification(Context& context, Call& call);

}  // namespace verihook::api
