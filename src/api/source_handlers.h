// Handlers of /v1/sources.
#pragma once

#include "api/call.h"
#include "api/context.h"
#include "model/source.h"

namespace verihook::api {

// The source that the path names, of the caller's tenant.
Task<Result<model::Source>> find_source(Context& context, const Call& call);

Answer create_source(Context& context, Call& call);
Answer list_sources(Context& context, Call& call);
Answer get_source(Context& context, Call& call);
Answer patch_source(Context& context, Call& call);
Answer rotate_source_secret(Context& context, Call& call);
Answer delete_source(Context& context, Call& call);

}  // namespace verihook::api
