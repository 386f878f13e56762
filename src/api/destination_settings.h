// The `settings` of a destination, by its kind: checked, and what is secret in them sealed.
//   contacts  see destinations/provider_settings.h
//   http      see destinations/http_settings.h
#pragma once

#include "api/context.h"
#include "api/fields.h"
#include "model/destination.h"

namespace verihook::api {

// Reads the member `settings`; when it is absent nothing changes. kInvalidArgument names the
// member.
Result<void> read_settings(const Context& context, Fields& fields, model::Destination& destination);

}  // namespace verihook::api
