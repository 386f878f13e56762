// Asker: for whom questions are put to mail servers. Whoever shares a server is served in turns, by
// tenant and then by line: a job's id, or the name of what has its turns beside the jobs.
#pragma once

#include <string>

namespace verihook::verification {

struct Asker {
  std::string tenant_id;
  std::string line;  // empty: single checks

  friend bool operator==(const Asker&, const Asker&) = default;
};

}  // namespace verihook::verification
