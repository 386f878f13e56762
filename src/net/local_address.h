// Which address of this host the system would connect from. No packet is sent.
#pragma once

#include "base/result.h"
#include "net/ip.h"

namespace verihook::net {

// kUnreachable when there is no route of the target's family.
Result<IpAddress> local_address_towards(const IpAddress& target);

}  // namespace verihook::net
