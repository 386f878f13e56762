// Which events or deliveries a caller means: the same members as queries of a list and as the
// `filter` of a request. An endpoint is named by its id, a time in ISO 8601.
#pragma once

#include <string>

#include "api/fields.h"
#include "http/message.h"
#include "model/event.h"

namespace verihook::api {

// `type`, `job_id`, `source`, `endpoint`, `since`, `until` and `text`; kInvalidArgument names the
// one that is wrong.
Result<void> read_selection(const http::Request& request, model::EventSelection& which);

// The same as members of `filter`, and no others. Without a `filter`: everything.
Result<model::EventSelection> read_selection(Fields& fields);

}  // namespace verihook::api
