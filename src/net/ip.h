// IP addresses, address:port pairs and CIDR ranges as plain values. IPv4 is kept as IPv4, never as
// a mapped IPv6 address. Parsing is strict: canonical dotted quads, no zone ids, no octal or short
// forms.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace verihook::net {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 uses the first four

  static Result<IpAddress> parse(std::string_view text);
  static IpAddress loopback_v4() { return {false, {127, 0, 0, 1}}; }
  std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "192.0.2.1:25" or "[2001:db8::1]:25".
  static Result<Endpoint> parse(std::string_view text);
  std::string to_string() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct Cidr {
  IpAddress base;
  unsigned prefix_length = 0;

  // "203.0.113.0/24", "2001:db8::/32", or a single address. Host bits must be zero.
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;

  friend bool operator==(const Cidr&, const Cidr&) = default;
};

// True when one of the ranges holds the address.
bool is_in_any(std::span<const Cidr> ranges, const IpAddress& address);

}  // namespace verihook::net
