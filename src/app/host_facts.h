// What the self-audit wants to know of this machine: room and speed where the store lies, the
// master key, how many files may be open. Blocking, for tens of milliseconds; any thread. Leaves
// nothing behind and makes nothing: it may run beside the server and before its first start.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "verification/self_audit.h"

namespace verihook::app {

struct HostQuestions {
  std::string store_file;  // empty: the store is elsewhere
  std::string master_key_file;
  std::uint64_t descriptors_wanted = 0;
};

// Everything but HostFacts::clock_jump, which takes time to see.
verification::HostFacts gather_host_facts(const HostQuestions& questions, const Clock& clock,
                                          Random& random);

}  // namespace verihook::app
