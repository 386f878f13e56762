#include "address/address_literal.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

TEST(AddressLiteral, TakesFourNumbersUpTo255) {
  for (const auto* text : {"0.0.0.0", "255.255.255.255", "192.0.2.1", "1.02.003.4"}) {
    EXPECT_TRUE(is_ipv4_literal(text)) << text;
  }
  for (const auto* text : {"", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.0004", "1.2.3.-4",
                           "1.2.3.4.", ".1.2.3.4", "1..3.4", "1.2.3.4 ", "a.b.c.d", "999.1.1.1"}) {
    EXPECT_FALSE(is_ipv4_literal(text)) << text;
  }
}

struct Case {
  std::string content;
  SyntaxRule rule;
};

TEST(AddressLiteral, TakesTheFourFormsOfIpv6) {
  using enum SyntaxRule;
  const std::vector<Case> cases = {
      {"IPv6:1:2:3:4:5:6:7:8", kAddressLiteral},
      {"IPv6:abcd:EF01::", kAddressLiteral},
      {"IPv6:::", kAddressLiteral},
      {"IPv6:::1", kAddressLiteral},
      {"IPv6:1:2:3:4:5:6::", kAddressLiteral},
      {"IPv6:1:2:3:4:5:6:192.0.2.1", kAddressLiteral},
      {"IPv6:::192.0.2.1", kAddressLiteral},
      {"IPv6:1:2::3:192.0.2.1", kAddressLiteral},
      {"IPv6:1:2:3:4::192.0.2.1", kAddressLiteral},
      {"IPv6:1:2:3:4:5::192.0.2.1", kIpv6SingleGroupElided},
      {"IPv6:", kIpv6GroupCount},
      {"IPv6:1", kIpv6GroupCount},
      {"IPv6:192.0.2.1", kIpv6GroupCount},
      {"IPv6:192.0.2.1::", kIpv6BadGroup},
      {"IPv6:192.0.2.1:1:2:3:4:5:6", kIpv6BadGroup},
      {"IPv6:::1:192.0.2.256", kIpv6BadGroup},
      {"IPv6:fe80::1%eth0", kIpv6BadGroup},
      {"IPv6::", kIpv6LeadingColon},
      {"IPv6:1:2:", kIpv6TrailingColon},
      {"IPv4:192.0.2.1", kDomainLiteralNotAddress},
      {"", kDomainLiteralNotAddress},
  };
  for (const auto& [content, rule] : cases) {
    EXPECT_EQ(to_string(check_address_literal(content)), to_string(rule)) << content;
  }
}

}  // namespace
}  // namespace verihook::address
