#include "address/address_literal.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <netinet/in.h>

#include "base/text.h"

namespace verihook::address {
namespace {

constexpr int kGroups = 8;               // an IPv6 address is eight groups of 16 bits
constexpr int kGroupsBesideElision = 6;  // "::" stands for two groups at least
constexpr int kGroupsOfIpv4 = 2;         // an IPv4 address at the end takes the place of two

bool is_hex_group(std::string_view text) {
  return !text.empty() && text.size() <= 4 && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
  });
}

// Groups of one side of "::", or of the whole address where there is none; negative when a group is
// not hexadecimal. IPv4 may stand only as the very last group of the address.
int count_groups(std::string_view side, bool ipv4_allowed) {
  if (side.empty()) return 0;
  int groups = 0;
  for (;;) {
    const auto colon = side.find(':');
    const auto group = side.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (is_hex_group(group)) {
      ++groups;
    } else if (last && ipv4_allowed && is_ipv4_literal(group)) {
      groups += kGroupsOfIpv4;
    } else {
      return -1;
    }
    if (last) return groups;
    side.remove_prefix(colon + 1);
  }
}

SyntaxRule check_ipv6(std::string_view text) {
  if (text.starts_with(':') && !text.starts_with("::")) return SyntaxRule::kIpv6LeadingColon;
  const auto elision = text.find("::");
  // A third colon in a row is another "::" that begins one character later.
  if (elision != std::string_view::npos && text.find("::", elision + 1) != std::string_view::npos) {
    return SyntaxRule::kIpv6SecondDoubleColon;
  }
  if (text.ends_with(':') && !text.ends_with("::")) return SyntaxRule::kIpv6TrailingColon;
  if (elision == std::string_view::npos) {
    const int groups = count_groups(text, true);
    if (groups < 0) return SyntaxRule::kIpv6BadGroup;
    return groups == kGroups ? SyntaxRule::kAddressLiteral : SyntaxRule::kIpv6GroupCount;
  }
  const int before = count_groups(text.substr(0, elision), false);
  const int after = count_groups(text.substr(elision + 2), true);
  if (before < 0 || after < 0) return SyntaxRule::kIpv6BadGroup;
  if (before + after <= kGroupsBesideElision) return SyntaxRule::kAddressLiteral;
  return before + after == kGroups - 1 ? SyntaxRule::kIpv6SingleGroupElided
                                       : SyntaxRule::kIpv6TooManyGroups;
}

constexpr std::string_view kTag = "IPv6:";

// Leading zeros mean nothing in a Snum; elsewhere they would make the number octal.
std::string without_leading_zeros(std::string_view ipv4) {
  std::string plain;
  for (std::string_view number : split(ipv4, '.')) {
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size() - 1));
    if (!plain.empty()) plain += '.';
    plain += number;
  }
  return plain;
}

}  // namespace

bool is_ipv4_literal(std::string_view text) {
  int numbers = 0;
  for (;;) {
    const auto dot = text.find('.');
    const auto number = text.substr(0, dot);
    if (number.empty() || number.size() > 3 || !std::ranges::all_of(number, is_digit)) return false;
    if (number.size() == 3 && number > "255") return false;
    if (++numbers > 4) return false;
    if (dot == std::string_view::npos) return numbers == 4;
    text.remove_prefix(dot + 1);
  }
}

SyntaxRule check_address_literal(std::string_view content) {
  if (is_ipv4_literal(content)) return SyntaxRule::kAddressLiteral;
  if (equals_ignoring_case(content.substr(0, kTag.size()), kTag)) {
    return check_ipv6(content.substr(kTag.size()));
  }
  return SyntaxRule::kDomainLiteralNotAddress;
}

std::string normalize_address_literal(std::string_view content) {
  if (is_ipv4_literal(content)) return without_leading_zeros(content);
  std::string address = to_lower(content.substr(kTag.size()));
  if (const auto end = address.rfind(':'); address.find('.') != std::string::npos) {
    address.replace(end + 1, std::string::npos, without_leading_zeros(address.substr(end + 1)));
  }
  in6_addr bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) == 1 &&
      ::inet_ntop(AF_INET6, &bytes, text.data(), text.size()) != nullptr) {
    address = text.data();
  }
  return "ipv6:" + address;
}

}  // namespace verihook::address
