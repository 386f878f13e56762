// Handlers of /v1/sources/{source_id}/rejected: what a source has refused and why, and admitting it
// once what was wrong is mended.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer list_rejected_requests(Context& context, Call& call);
Answer get_rejected_request(Context& context, Call& call);
Answer admit_rejected_request(Context& context, Call& call);
Answer admit_rejected_requests(Context& context, Call& call);

}  // namespace verihook::api
