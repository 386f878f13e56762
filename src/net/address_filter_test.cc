#include "net/address_filter.h"

#include <gtest/gtest.h>

namespace verihook::net {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}

Cidr range(std::string_view text) {
  const auto parsed = Cidr::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Cidr{});
}

constexpr std::string_view kDenied[] = {
    // The first and last address of every IPv4 row, and the metadata services.
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.1.2.3",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.1.1.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.17.0.1",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.31.196.0",
    "192.31.196.255",
    "192.52.193.0",
    "192.52.193.255",
    "192.88.99.0",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.1.1",
    "192.168.255.255",
    "192.175.48.0",
    "192.175.48.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "250.1.2.3",
    "255.255.255.254",
    "255.255.255.255",
    // IPv6: everything outside 2000::/3, in the forms that have fooled others.
    "::",
    "::1",
    "::7f00:1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::",
    "100::1",
    "100:0:0:1::1",
    "200::1",
    "400::1",
    "1000::1",
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "5f00::1",
    "6000::1",
    "8000::1",
    "a000::1",
    "c000::1",
    "e000::1",
    "f000::1",
    "fb00::1",
    "fc00::",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe00::1",
    "fe80::",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::",
    "ff02::1",
    "ff0e::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    // The special parts of 2000::/3.
    "2001::",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "2001:db8::",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "2002::",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2002:ffff::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff:ffff::1",
};

constexpr std::string_view kAllowed[] = {
    // The neighbours of every denied range.
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.31.195.255",
    "192.31.197.0",
    "192.52.192.255",
    "192.52.194.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.47.255",
    "192.175.49.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2000::1",
    "2001:200::1",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "2620:fe::fe",
    "2a00:1450:4001::1",
    "3ffe::1",
    "3fff:1000::1",
};

TEST(AddressFilter, DeniesEverySpecialRange) {
  EXPECT_GE(std::size(kDenied) + std::size(kAllowed), 100u);
  const AddressFilter filter;
  for (const auto text : kDenied) EXPECT_FALSE(filter.allows(address(text))) << text;
}

TEST(AddressFilter, AllowsPublicAddressesNextToThem) {
  const AddressFilter filter;
  for (const auto text : kAllowed) EXPECT_TRUE(filter.allows(address(text))) << text;
}

TEST(AddressFilter, DeniesMappedAddressesThatWereBuiltByHand) {
  IpAddress mapped = address("::ffff:0:0:8.8.8.8");
  mapped.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8};
  EXPECT_FALSE(AddressFilter().allows(mapped));
}

TEST(AddressFilter, OperatorsOpenAndCloseRanges) {
  const AddressFilter filter({range("127.0.0.0/8"), range("fd00::/8")},
                             {range("8.8.8.0/24"), range("127.0.0.1"), range("2a00::/16")});
  EXPECT_TRUE(filter.allows(address("127.0.0.1")));
  EXPECT_TRUE(filter.allows(address("fd12::1")));
  EXPECT_TRUE(filter.allows(address("8.8.4.4")));
  EXPECT_FALSE(filter.allows(address("8.8.8.8")));
  EXPECT_FALSE(filter.allows(address("2a00::1")));
  EXPECT_FALSE(filter.allows(address("::1")));
  EXPECT_FALSE(filter.allows(address("10.0.0.1")));
}

TEST(AddressFilter, RefusesANameWithOnePrivateAddressWhole) {
  const AddressFilter filter;
  const std::vector<IpAddress> clean{address("8.8.8.8"), address("2606:4700:4700::1111")};
  const std::vector<IpAddress> mixed{address("8.8.8.8"), address("::1")};
  EXPECT_TRUE(filter.allows_all(clean));
  EXPECT_FALSE(filter.allows_all(mixed));
}

}  // namespace
}  // namespace verihook::net
