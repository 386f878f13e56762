// Handlers of /v1/erase: one address out of everything, with a receipt.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_erasure(Context& context, Call& call);
Answer list_erasures(Context& context, Call& call);
Answer get_erasure(Context& context, Call& call);

}  // namespace verihook::api
