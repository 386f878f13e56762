// Bringing deliveries back: a dead letter is a delivery in state dead, kept until it is requeued or
// expires. For use inside a store write, so that requeueing many is one transaction; the dispatcher
// is told with Dispatcher::due afterwards. Any thread.
#pragma once

#include <cstdint>
#include <set>
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

// Likewise a dead letter, behind what is new, as a replay's.
Result<void> requeue_for_replay(store::Connection& db, model::Delivery dead_letter,
                                std::string_view replay_id, WallTime now);

// The same, but one that still waits for its next try keeps the tries that it has left.
Result<model::Delivery> retry_now(store::Connection& db, std::string_view tenant_id,
                                  std::string_view delivery_id, WallTime now);

// One slice of requeueing all dead letters that are selected, newest first.
struct RequeuedSlice {
  std::int64_t count = 0;
  std::set<std::string> destinations;  // for Dispatcher::due
  std::string cursor;                  // where the next slice goes on; empty: there is no more
};
Result<RequeuedSlice> requeue_slice(store::Connection& db, std::string_view tenant_id,
                                    const model::EventSelection& which, std::string_view cursor,
                                    std::int64_t limit, WallTime now);

}  // namespace verihook::delivery
