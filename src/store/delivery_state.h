// What several repositories have to do to deliveries so that the derived columns stay right: the
// event's status and retry_count. For store/*.cc only.
#pragma once

#include <string_view>

#include "store/connection.h"

namespace verihook::store {

// Sets the event's status as it follows from all of its deliveries, however many those are, and
// counts attempts that were not a delivery's first.
Result<void> refresh_event(Connection& db, std::string_view tenant_id, std::string_view event_id,
                           std::int64_t retries = 0);

// The destination is gone: its pending deliveries become cancelled.
Result<void> cancel_deliveries(Connection& db, std::string_view tenant_id,
                               std::string_view destination_id, WallTime now);

}  // namespace verihook::store
