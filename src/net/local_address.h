// The addresses of this host: all of its interfaces', and which of them the system would connect
// from. No packet is sent.
#pragma once

#include <vector>

#include "base/result.h"
#include "net/ip.h"

namespace verihook::net {

// kUnreachable when there is no route of the target's family.
Result<IpAddress> local_address_towards(const IpAddress& target);

// kInternal when the system does not tell.
Result<std::vector<IpAddress>> interface_addresses();

}  // namespace verihook::net
