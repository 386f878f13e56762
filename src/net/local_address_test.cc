#include "net/local_address.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace verihook::net {
namespace {

TEST(LocalAddress, IsTheLoopbackTowardsTheLoopback) {
  EXPECT_EQ(local_address_towards(*IpAddress::parse("127.0.0.1"))->to_string(), "127.0.0.1");
  EXPECT_EQ(local_address_towards(*IpAddress::parse("::1"))->to_string(), "::1");
}

TEST(LocalAddress, FailsWhereNoRouteLeads) {
  // Reserved for ever: no system has a route to the IPv4 class E broadcast range's last address
  // without SO_BROADCAST.
  const auto address = local_address_towards(*IpAddress::parse("255.255.255.255"));
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::kUnreachable);
}

TEST(InterfaceAddresses, HaveTheLoopbackAmongThem) {
  const auto addresses = interface_addresses();
  ASSERT_TRUE(addresses) << addresses.error().message;
  EXPECT_NE(std::ranges::find(*addresses, IpAddress::loopback_v4()), addresses->end());
}

}  // namespace
}  // namespace verihook::net
