// HostLookup: the addresses of a host name, for those parts of the program that connect by name and
// may not know the DNS folder; app/ implements it over dns::Resolver. One io thread.
#pragma once

#include <string>
#include <vector>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "net/ip.h"

namespace verihook::net {

class HostLookup {
 public:
  virtual ~HostLookup() = default;
  // Every A and AAAA record of `host` (A-labels, no final dot), in the order in which to try them.
  // Empty when the name has none. Errors: kDns, kTimeout, kCancelled.
  virtual Task<Result<std::vector<IpAddress>>> lookup(std::string host, Deadline deadline) = 0;
};

}  // namespace verihook::net
