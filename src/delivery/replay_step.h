// One slice of a replay, inside a store write: what it issues and how far it has come are written
// together, so a crash neither repeats nor skips anything. Any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "delivery/outbox.h"
#include "model/replay.h"
#include "store/connection.h"

namespace verihook::delivery {

struct ReplayStep {
  model::Replay replay;                // as it is now
  std::int64_t issued = 0;             // deliveries, in this step
  std::set<std::string> destinations;  // of those, for Dispatcher::due
};

// Issues about `limit` deliveries of a running replay; calls off some of a cancelled one, which has
// finished when it was the last; does nothing to a paused or completed one. kNotFound.
Result<ReplayStep> step_replay(store::Connection& db, const Outbox& outbox,
                               std::string_view tenant_id, std::string_view id, std::int64_t limit,
                               WallTime now);

// Counts on from the replay's cursor and moves it. False when there was nothing more; what is
// counted is added to total_count.
Result<bool> count_replay_slice(store::Connection& db, model::Replay& replay);

}  // namespace verihook::delivery
