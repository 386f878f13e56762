// Asker: for whom questions are put to mail servers. Whoever shares a server is served in turns, by
// tenant and then by job. Single checks have no job.
#pragma once

#include <string>

namespace verihook::verification {

struct Asker {
  std::string tenant_id;
  std::string job_id;

  friend bool operator==(const Asker&, const Asker&) = default;
};

}  // namespace verihook::verification
