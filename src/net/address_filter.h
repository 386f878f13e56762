// AddressFilter: which addresses this program may connect to on behalf of others (webhook
// endpoints, downloads, MX hosts). Public addresses only, by the IANA special-purpose registries:
// for IPv4 a deny list, for IPv6 an allow list (2000::/3 less its special parts), so that forms
// nobody thought of are refused. Operators open ranges with `network.allow`, which wins over
// everything else, and close more (the host's own public addresses, say) with the denied ranges.
// Immutable; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/ip.h"

namespace verihook::net {

class AddressFilter {
 public:
  explicit AddressFilter(std::vector<Cidr> allowed_ranges = {},
                         std::vector<Cidr> denied_ranges = {})
      : allowed_(std::move(allowed_ranges)), denied_(std::move(denied_ranges)) {}

  bool allows(const IpAddress& address) const;
  // Every answer must be allowed: a name with one private address is refused whole.
  bool allows_all(std::span<const IpAddress> addresses) const;

 private:
  std::vector<Cidr> allowed_;
  std::vector<Cidr> denied_;
};

// The registries alone, without the operator's ranges.
bool is_public(const IpAddress& address);

}  // namespace verihook::net
