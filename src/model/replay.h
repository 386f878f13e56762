// Replay: many events handed over again, in the background and at a pace, behind whatever is new.
// What it has done is known after a crash, so nothing is sent twice for that reason.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/event.h"

namespace verihook::model {

enum class ReplayMode {
  kFailed,   // dead letters, once more with all their tries
  kMissing,  // events that a destination wants and was never to get, perhaps for being newer
  kAll,      // every event that a destination wants, whatever became of it
};
inline constexpr std::array<std::string_view, 3> kReplayModes = {"failed", "missing", "all"};

enum class ReplayState {
  kRunning,
  kPaused,     // issues nothing more; what it has issued is delivered
  kCancelled,  // what it had issued and was not delivered is called off
  kCompleted,  // has issued everything
};
inline constexpr std::array<std::string_view, 4> kReplayStates = {"running", "paused", "cancelled",
                                                                  "completed"};

struct Replay {
  std::string tenant_id;
  std::string id;  // rpl_…
  ReplayMode mode = ReplayMode::kFailed;
  EventSelection which;
  double rate_per_second = 0;
  ReplayState state = ReplayState::kRunning;
  std::int64_t total_count = 0;   // deliveries that there were to issue when it was made
  std::int64_t issued_count = 0;  // deliveries
  std::string cursor;             // the last delivery or event that was looked at
  std::string end;                // those made since then are not looked at
  WallTime created_at{};
  std::optional<WallTime> finished_at;  // also when a cancelled one has called off all that it can
};

// What became of the deliveries that it issued.
struct ReplayCounts {
  std::int64_t pending = 0;
  std::int64_t delivered = 0;
  std::int64_t dead = 0;
};

}  // namespace verihook::model
