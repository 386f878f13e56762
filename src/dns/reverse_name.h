// The name under which the DNS keeps what belongs to an address (RFC 1035 section 3.5, RFC 3596
// section 2.5). Pure.
#pragma once

#include <string>

#include "net/ip.h"

namespace verihook::dns {

// "5.113.0.203", or 32 nibbles for IPv6: what stands before a zone that is asked by address.
std::string reversed_labels(const net::IpAddress& address);

// With ".in-addr.arpa" or ".ip6.arpa".
std::string reverse_name(const net::IpAddress& address);

}  // namespace verihook::dns
