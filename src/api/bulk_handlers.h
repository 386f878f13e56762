// Handlers of /v1/verify and /v1/bulk.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer verify_one(Context& context, Call& call);
Answer create_bulk(Context& context, Call& call);
Answer list_bulk(Context& context, Call& call);
Answer get_bulk(Context& context, Call& call);
Answer delete_bulk(Context& context, Call& call);
Answer download_bulk(Context& context, Call& call);

}  // namespace verihook::api
