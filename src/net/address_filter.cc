#include "net/address_filter.h"

#include <algorithm>

namespace verihook::net {
namespace {

struct SpecialRange {
  Cidr range;
  std::string_view reason;
};

constexpr Cidr v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, unsigned length) {
  return {{false, {a, b, c, d}}, length};
}

// The first 48 bits are enough for every range of the IPv6 registry inside 2000::/3.
constexpr Cidr v6(std::uint16_t a, std::uint16_t b, std::uint16_t c, unsigned length) {
  const auto high = [](std::uint16_t x) { return static_cast<std::uint8_t>(x >> 8); };
  const auto low = [](std::uint16_t x) { return static_cast<std::uint8_t>(x & 0xff); };
  return {{true, {high(a), low(a), high(b), low(b), high(c), low(c)}}, length};
}

// IANA IPv4 special-purpose address registry, and the metadata services of clouds that live in
// addresses which look public.
constexpr SpecialRange kDeniedV4[] = {
    {v4(0, 0, 0, 0, 8), "this network (RFC 791)"},
    {v4(10, 0, 0, 0, 8), "private use (RFC 1918)"},
    {v4(100, 64, 0, 0, 10),
     "carrier-grade NAT (RFC 6598); holds Alibaba's metadata 100.100.100.200"},
    {v4(127, 0, 0, 0, 8), "loopback (RFC 1122)"},
    {v4(168, 63, 129, 16, 32), "Azure's wire server"},
    {v4(169, 254, 0, 0, 16), "link local (RFC 3927); holds the metadata service 169.254.169.254"},
    {v4(172, 16, 0, 0, 12), "private use (RFC 1918)"},
    {v4(192, 0, 0, 0, 24), "IETF protocol assignments (RFC 6890)"},
    {v4(192, 0, 2, 0, 24), "documentation (RFC 5737)"},
    {v4(192, 31, 196, 0, 24), "AS112 (RFC 7535)"},
    {v4(192, 52, 193, 0, 24), "automatic multicast tunnelling (RFC 7450)"},
    {v4(192, 88, 99, 0, 24), "former 6to4 relays (RFC 7526)"},
    {v4(192, 168, 0, 0, 16), "private use (RFC 1918)"},
    {v4(192, 175, 48, 0, 24), "AS112 (RFC 7534)"},
    {v4(198, 18, 0, 0, 15), "benchmarking (RFC 2544)"},
    {v4(198, 51, 100, 0, 24), "documentation (RFC 5737)"},
    {v4(203, 0, 113, 0, 24), "documentation (RFC 5737)"},
    {v4(224, 0, 0, 0, 4), "multicast (RFC 5771)"},
    {v4(240, 0, 0, 0, 4), "reserved (RFC 1112); holds the broadcast address 255.255.255.255"},
};

// The only part of IPv6 that is global unicast today. Loopback, mapped, compatible, NAT64, unique
// local, link local and multicast addresses are all outside it.
constexpr Cidr kGlobalUnicastV6 = v6(0x2000, 0, 0, 3);

// IANA IPv6 special-purpose address registry, as far as it lies in 2000::/3.
constexpr SpecialRange kDeniedV6[] = {
    {v6(0x2001, 0, 0, 23), "IETF assignments: Teredo, ORCHID, benchmarking (RFC 2928)"},
    {v6(0x2001, 0x0db8, 0, 32), "documentation (RFC 3849)"},
    {v6(0x2002, 0, 0, 16), "6to4, which can carry any IPv4 address (RFC 3056)"},
    {v6(0x2620, 0x004f, 0x8000, 48), "AS112 (RFC 7534)"},
    {v6(0x3fff, 0, 0, 20), "documentation (RFC 9637)"},
};

bool in_any(std::span<const SpecialRange> ranges, const IpAddress& address) {
  return std::ranges::any_of(ranges,
                             [&](const SpecialRange& row) { return row.range.contains(address); });
}

}  // namespace

bool is_public(const IpAddress& address) {
  if (!address.v6) return !in_any(std::span<const SpecialRange>(kDeniedV4), address);
  return kGlobalUnicastV6.contains(address) &&
         !in_any(std::span<const SpecialRange>(kDeniedV6), address);
}

bool AddressFilter::allows(const IpAddress& address) const {
  if (is_in_any(allowed_, address)) return true;
  return is_public(address) && !is_in_any(denied_, address);
}

bool AddressFilter::allows_all(std::span<const IpAddress> addresses) const {
  return std::ranges::all_of(addresses, [&](const IpAddress& a) { return allows(a); });
}

}  // namespace verihook::net
