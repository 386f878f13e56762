#include "gateway/client_address.h"

#include <algorithm>
#include <optional>
#include <ranges>

#include "base/text.h"

namespace verihook::gateway {
namespace {

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711": the forms
// that proxies write.
std::optional<net::IpAddress> parse_hop(std::string_view token) {
  token = trim(token);
  if (token.starts_with('[') && token.ends_with(']')) {
    const auto address = net::IpAddress::parse(token.substr(1, token.size() - 2));
    if (!address || !token.contains(':')) return std::nullopt;
    return *address;
  }
  if (const auto address = net::IpAddress::parse(token)) return *address;
  if (const auto endpoint = net::Endpoint::parse(token)) return endpoint->address;
  return std::nullopt;
}

}  // namespace

net::IpAddress client_address(const net::IpAddress& peer,
                              std::span<const std::string_view> forwarded,
                              std::span<const net::Cidr> trusted_proxies) {
  if (!net::is_in_any(trusted_proxies, peer)) return peer;
  net::IpAddress client = peer;
  std::size_t hops = 0;
  for (const std::string_view line : forwarded | std::views::reverse) {
    for (const std::string_view token : split(line, ',') | std::views::reverse) {
      const auto hop = parse_hop(token);
      if (!hop || ++hops > kForwardedHopsMax) return peer;
      client = *hop;
      if (!net::is_in_any(trusted_proxies, client)) return client;
    }
  }
  return client;
}

net::IpAddress client_address(const http::Request& request,
                              std::span<const net::Cidr> trusted_proxies) {
  // Most servers trust nobody, and then the headers need not be looked at.
  if (!net::is_in_any(trusted_proxies, request.peer.address)) return request.peer.address;
  std::vector<std::string_view> lines;
  for (const auto& [name, value] : request.headers.fields()) {
    if (equals_ignoring_case(name, "X-Forwarded-For")) lines.push_back(value);
  }
  return client_address(request.peer.address, lines, trusted_proxies);
}

}  // namespace verihook::gateway
