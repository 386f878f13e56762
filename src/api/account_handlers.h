// Handlers of /v1/keys and /v1/tenants.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_key(Context& context, Call& call);
Answer list_keys(Context& context, Call& call);
Answer revoke_key(Context& context, Call& call);

Answer create_tenant(Context& context, Call& call);
Answer list_tenants(Context& context, Call& call);
Answer get_tenant(Context& context, Call& call);
Answer patch_tenant(Context& context, Call& call);

}  // namespace verihook::api
