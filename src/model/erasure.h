// Erasure: that one address was taken out of everything, and the receipt for it, which does not
// name the address.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace verihook::model {

enum class ErasureState {
  kRunning,    // `email` is being looked for
  kScrubbing,  // it is nowhere any more; its bytes may still be in the database's files
  kCompleted,
};

struct Erasure {
  std::string tenant_id;  // who asked for it
  std::string id;         // era_…
  std::string scope;      // the tenant whose data it is about; empty: every tenant's
  std::string email;      // empty once it is not running any more
  // HMAC of the address's normal form under a key of this program: whoever has the address can have
  // it checked, nobody else learns it.
  std::string address_hash;
  ErasureState state = ErasureState::kRunning;
  std::map<std::string, std::int64_t> counts;  // what was changed or removed, by kind
  WallTime created_at{};
  std::optional<WallTime> finished_at;
};

}  // namespace verihook::model
