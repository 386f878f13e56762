#include "dns/reverse_name.h"

#include <gtest/gtest.h>

namespace verihook::dns {
namespace {

TEST(ReverseName, TurnsTheAddressAround) {
  EXPECT_EQ(reverse_name(*net::IpAddress::parse("203.0.113.5")), "5.113.0.203.in-addr.arpa");
  // The example of RFC 3596.
  EXPECT_EQ(reverse_name(*net::IpAddress::parse("4321:0:1:2:3:4:567:89ab")),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa");
}

TEST(ReverseName, GivesTheLabelsAloneForOtherZones) {
  EXPECT_EQ(reversed_labels(*net::IpAddress::parse("127.0.0.2")), "2.0.0.127");
}

}  // namespace
}  // namespace verihook::dns
