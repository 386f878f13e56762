#include "address/special_names.h"

#include <algorithm>
#include <array>

namespace verihook::address {
namespace {

// A name and everything below it.
constexpr auto kSpecialUse = std::to_array<std::string_view>({
    "test",           // RFC 6761 section 6.2
    "localhost",      // RFC 6761 section 6.3
    "invalid",        // RFC 6761 section 6.4
    "example",        // RFC 6761 section 6.5
    "example.com",    // RFC 2606 section 3
    "example.net",    // RFC 2606 section 3
    "example.org",    // RFC 2606 section 3
    "local",          // RFC 6762: multicast DNS
    "onion",          // RFC 7686: Tor
    "alt",            // RFC 9476: names outside the DNS
    "internal",       // reserved by ICANN in 2024 for private networks
    "home.arpa",      // RFC 8375: home networks
    "in-addr.arpa",   // RFC 3172: addresses, no mail
    "ip6.arpa",       // RFC 3172: addresses, no mail
    "ipv4only.arpa",  // RFC 8880
    "resolver.arpa",  // RFC 9462
    "service.arpa",   // RFC 9665
    "eap-noob.arpa",  // RFC 9140
    "6tisch.arpa",    // RFC 9031
});

bool is_at_or_below(std::string_view domain, std::string_view name) {
  return domain.ends_with(name) &&
         (domain.size() == name.size() || domain[domain.size() - name.size() - 1] == '.');
}

}  // namespace

bool is_special_use(std::string_view domain_ascii) {
  if (is_at_or_below(domain_ascii, kSandboxDomain)) return false;
  return std::ranges::any_of(
      kSpecialUse, [&](std::string_view name) { return is_at_or_below(domain_ascii, name); });
}

}  // namespace verihook::address
