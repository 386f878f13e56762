// Repository of replays, and what they look at: deliveries and events in the order in which they
// were made. All functions run inside Database::read or ::write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/replay.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_replay(Connection& db, const model::Replay& replay);
// Writes its state, counts, cursor and finished_at.
Result<void> update_replay(Connection& db, const model::Replay& replay);
Result<model::Replay> find_replay(Connection& db, std::string_view tenant_id, std::string_view id);
// Newest first; `before_id` empty starts at the newest.
Result<std::vector<model::Replay>> list_replays(Connection& db, std::string_view tenant_id,
                                                std::string_view before_id, std::int64_t limit);
// Everybody's that have not finished.
Result<std::vector<model::Replay>> open_replays(Connection& db);

Result<model::ReplayCounts> count_replay(Connection& db, std::string_view tenant_id,
                                         std::string_view id);

// Dead letters that the replay selects, after its cursor and before its end, oldest first.
Result<std::vector<model::Delivery>> next_dead_letters(Connection& db, const model::Replay& replay,
                                                       std::int64_t limit);
// How many next_dead_letters would give without a limit.
Result<std::int64_t> count_dead_letters(Connection& db, const model::Replay& replay);

// Likewise events, without their bodies, headers, peers and keys. The destination that the replay
// names is not looked at.
Result<std::vector<model::Event>> next_events(Connection& db, const model::Replay& replay,
                                              std::int64_t limit);
// Whether the destination has got the event, or was to get it.
Result<bool> was_addressed(Connection& db, const model::Event& event,
                           std::string_view destination_id);

// Deliveries of a replay that are still to be made become what they were before it: dead letters,
// or nothing. How many; at most `limit`.
Result<std::int64_t> call_off(Connection& db, const model::Replay& replay, WallTime now,
                              std::int64_t limit);

}  // namespace verihook::store
