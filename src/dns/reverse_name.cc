#include "dns/reverse_name.h"

#include <fmt/format.h>

namespace verihook::dns {

std::string reversed_labels(const net::IpAddress& address) {
  const auto& bytes = address.bytes;
  if (!address.v6) return fmt::format("{}.{}.{}.{}", bytes[3], bytes[2], bytes[1], bytes[0]);
  std::string labels;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    if (!labels.empty()) labels += '.';
    labels += fmt::format("{:x}.{:x}", *byte & 0xf, *byte >> 4);
  }
  return labels;
}

std::string reverse_name(const net::IpAddress& address) {
  return reversed_labels(address) + (address.v6 ? ".ip6.arpa" : ".in-addr.arpa");
}

}  // namespace verihook::dns
