// Handlers of /v1/contacts: the embedded table, and the verification of what stands in it or in a
// table elsewhere.
#pragma once

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

Answer list_contacts(Context& context, Call& call);
Answer import_contacts(Context& context, Call& call);
Answer verify_contacts(Context& context, Call& call);

}  // namespace verihook::api
