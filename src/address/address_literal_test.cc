#include "address/address_literal.h"

#include <string>
#include <string_view>
#include <utility>
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

TEST(AddressLiteral, HasOneNormalForm) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"010.001.000.255", "10.1.0.255"},
      {"IPv6:2001:DB8::1", "ipv6:2001:db8::1"},
      {"ipv6:2001:0db8:0:0:0:0:0:0001", "ipv6:2001:db8::1"},
      {"IPv6:2001:db8:0:0:1:0:0:1", "ipv6:2001:db8::1:0:0:1"},
      {"IPv6:1:2:3:4:5:6:0:8", "ipv6:1:2:3:4:5:6:0:8"},
      {"IPv6:::", "ipv6:::"},
      {"IPv6:::ffff:c000:0201", "ipv6:::ffff:192.0.2.1"},
      {"IPv6:::FFFF:192.000.002.001", "ipv6:::ffff:192.0.2.1"},
      {"IPv6:1:2:3:4:5:6:192.0.2.1", "ipv6:1:2:3:4:5:6:c000:201"},
  };
  for (const auto& [content, normal] : rows) {
    EXPECT_EQ(normalize_address_literal(content), normal) << content;
    EXPECT_EQ(check_address_literal(normal), SyntaxRule::kAddressLiteral) << normal;
    EXPECT_EQ(normalize_address_literal(normal), normal) << normal;
  }
}

}  // namespace
}  // namespace verihook::address
