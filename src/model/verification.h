// Verification: one address that was asked about by itself, whose answer comes later: as an event
// and whenever it is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/job.h"

namespace verihook::model {

struct Verification {
  std::string tenant_id;
  std::string id;  // ver_…
  std::string email;
  JobOptions options;
  std::int64_t timeout_ms = 60'000;  // of each try
  std::string metadata = "{}";       // the caller's object in canonical JSON
  std::string result;                // canonical JSON; empty until it is done
  WallTime created_at{};
  std::optional<WallTime> finished_at;
  // When the row may next be taken: when it was made, when a server wants to be asked again, or,
  // while a node has it, when that node's lease ends.
  WallTime claimable_at{};
  std::string lease_owner;  // a node's id
  std::int64_t fence = 0;   // grows with each lease; a write with an older number is refused
  // Leases in a row that were neither answered nor given back: all but the one that is running
  // ended in a crash (jobs/poison.h).
  std::int64_t leases = 0;
  std::int64_t times_parked = 0;

  bool done() const { return !result.empty(); }
};

}  // namespace verihook::model
