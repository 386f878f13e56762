// Bringing deliveries back: a dead letter is a delivery in state dead, kept until it is requeued or
// expires. For use inside a store write, so that requeueing many is one transaction; the dispatcher
// is told with Dispatcher::due afterwards. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "model/event.h"
#include "store/connection.h"

namespace verihook::delivery {

// Due now, with all the tries of its schedule; what was delivered already is sent again. A delivery
// that is held by a node stays with it. Returns the delivery as it is now. kNotFound; kConflict
// when its destination was deleted.
Result<model::Delivery> requeue(store::Connection& db, std::string_view tenant_id,
                                std::string_view delivery_id, WallTime now);

// The same, but one that still waits for its next try keeps the tries that it has left.
Result<model::Delivery> retry_now(store::Connection& db, std::string_view tenant_id,
                                  std::string_view delivery_id, WallTime now);

}  // namespace verihook::delivery
