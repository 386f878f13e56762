// Whose request it is when proxies stand in front: X-Forwarded-For is believed only from a peer
// whose range the operator named, and only as far as the proxies in it are known. Each proxy
// appends the address that it saw, so the list is walked from the right; the first address that is
// not a trusted proxy is the client, and what stands left of it is the client's own invention and
// never looked at. A list that cannot be read that far is no evidence: the answer is then the peer.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/ip.h"

namespace verihook::gateway {

inline constexpr std::size_t kForwardedHopsMax =
    20;  // trusted proxies in one list; beyond: the peer

// `forwarded` are the values of every X-Forwarded-For field, in the order received.
net::IpAddress client_address(const net::IpAddress& peer,
                              std::span<const std::string_view> forwarded,
                              std::span<const net::Cidr> trusted_proxies);

// The same of a request.
net::IpAddress client_address(const http::Request& request,
                              std::span<const net::Cidr> trusted_proxies);

}  // namespace verihook::gateway
