// Handlers of /v1/replays.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer create_replay(Context& context, Call& call);
Answer list_replays(Context& context, Call& call);
Answer get_replay(Context& context, Call& call);
Answer pause_replay(Context& context, Call& call);
Answer resume_replay(Context& context, Call& call);
Answer cancel_replay(Context& context, Call& call);

}  // namespace verihook::api
