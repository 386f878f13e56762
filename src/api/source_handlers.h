// Handlers of /v1/sources.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_source(Context& context, Call& call);
Answer list_sources(Context& context, Call& call);
Answer get_source(Context& context, Call& call);
Answer patch_source(Context& context, Call& call);
Answer delete_source(Context& context, Call& call);

}  // namespace verihook::api
