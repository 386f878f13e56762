#include "net/ip.h"

#include <gtest/gtest.h>

namespace verihook::net {
namespace {

TEST(IpAddress, ReadsAndWritesTheCanonicalForm) {
  const std::pair<const char*, const char*> rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"fe80::1", "fe80::1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
  };
  for (const auto& [text, canonical] : rows) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), canonical);
  }
}

TEST(IpAddress, KeepsMappedAddressesAsIpv4) {
  EXPECT_EQ(IpAddress::parse("::ffff:127.0.0.1"), IpAddress::loopback_v4());
  EXPECT_EQ(IpAddress::parse("::FFFF:7f00:1"), IpAddress::loopback_v4());
}

TEST(IpAddress, RefusesEveryOtherForm) {
  using namespace std::string_view_literals;
  const std::string_view rows[] = {
      "",
      " ",
      "1",
      "127.1",
      "127.0.1",
      "2130706433",
      "0177.0.0.1",
      "0x7f.0.0.1",
      "0x7f000001",
      "01.2.3.4",
      "1.2.3.04",
      "256.1.1.1",
      "1.2.3.4.",
      ".1.2.3.4",
      "1.2.3.4.5",
      "1.2.3.4 ",
      " 1.2.3.4",
      "+1.2.3.4",
      "1..2.3",
      "1.2.3.4/8",
      ":::",
      "1::2::3",
      "[::1]",
      "fe80::1%eth0",
      "12345::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::1.2.3",
      "::ffff:1.2.3.256",
      "g::",
      "1.2.3.4\0"sv,
      "::1\0.example"sv,
      "example.com",
      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
  };
  for (const auto text : rows) EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(Endpoint, ReadsAddressAndPort) {
  EXPECT_EQ(Endpoint::parse("192.0.2.1:25")->to_string(), "192.0.2.1:25");
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:65535")->to_string(), "[2001:db8::1]:65535");
  for (const char* text : {"192.0.2.1", "192.0.2.1:", ":25", "2001:db8::1:25", "[192.0.2.1]:25",
                           "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:000025", "[::1:25", ""}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
}

TEST(Cidr, ContainsWhatItsPrefixCovers) {
  struct Row {
    const char* range;
    const char* address;
    bool inside;
  };
  const Row rows[] = {
      {"203.0.113.0/24", "203.0.113.255", true},
      {"203.0.113.0/24", "203.0.114.0", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::", false},
      {"10.0.0.0/9", "10.127.0.1", true},
      {"10.0.0.0/9", "10.128.0.1", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::/0", "ffff::", true},
      {"::/0", "1.2.3.4", false},
  };
  for (const auto& row : rows) {
    const auto range = Cidr::parse(row.range);
    ASSERT_TRUE(range) << row.range;
    EXPECT_EQ(range->contains(*IpAddress::parse(row.address)), row.inside)
        << row.range << ' ' << row.address;
  }
  EXPECT_EQ(Cidr::parse("192.0.2.7")->to_string(), "192.0.2.7/32");
}

TEST(Cidr, RefusesHostBitsAndBadLengths) {
  for (const char* text : {"10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08",
                           "10.0.0.0/-1", "2001:db8::1/64", "/8", "10/8", "::ffff:10.0.0.0/104"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

}  // namespace
}  // namespace verihook::net
