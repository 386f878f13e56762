#include "gateway/client_address.h"

#include <gtest/gtest.h>

namespace verihook::gateway {
namespace {

struct Row {
  std::string_view peer;
  std::vector<std::string_view> forwarded;
  std::vector<std::string_view> trusted;
  std::string_view client;
};

constexpr std::string_view kProxy = "10.0.0.1";
const std::vector<std::string_view> kTrusted = {"10.0.0.0/8", "2001:db8:ffff::/48"};

const Row kRows[] = {
    // Nobody is trusted: the peer, whatever the headers say.
    {"198.51.100.7", {}, {}, "198.51.100.7"},
    {"198.51.100.7", {"203.0.113.5"}, {}, "198.51.100.7"},
    {"127.0.0.1", {"203.0.113.5"}, {}, "127.0.0.1"},
    {"2001:db8::9", {"203.0.113.5"}, {}, "2001:db8::9"},
    // The peer is not one of the proxies.
    {"198.51.100.7", {"203.0.113.5"}, kTrusted, "198.51.100.7"},
    {"11.0.0.1", {"203.0.113.5"}, kTrusted, "11.0.0.1"},
    {"2001:db8:fffe::1", {"203.0.113.5"}, kTrusted, "2001:db8:fffe::1"},
    {"198.51.100.7", {"10.0.0.2"}, kTrusted, "198.51.100.7"},
    // A proxy without the header speaks for itself.
    {kProxy, {}, kTrusted, kProxy},
    // One proxy.
    {kProxy, {"203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {" 203.0.113.5\t"}, kTrusted, "203.0.113.5"},
    {kProxy, {"2001:db8::7"}, kTrusted, "2001:db8::7"},
    {"2001:db8:ffff::1", {"203.0.113.5"}, kTrusted, "203.0.113.5"},
    {"10.255.255.255", {"203.0.113.5"}, kTrusted, "203.0.113.5"},
    // What the client wrote stands left of what the proxy saw.
    {kProxy, {"1.1.1.1, 203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {"10.0.0.9, 203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {"garbage, 203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {",,,203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {"127.0.0.1,::1,203.0.113.5"}, kTrusted, "203.0.113.5"},
    // Several proxies.
    {kProxy, {"203.0.113.5, 10.1.1.1"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5,10.1.1.1,10.1.1.2"}, kTrusted, "203.0.113.5"},
    {kProxy, {"1.1.1.1, 203.0.113.5, 10.1.1.1"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5, 2001:db8:ffff::2"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5, 198.51.100.1, 10.1.1.1"}, kTrusted, "198.51.100.1"},
    // Several lines are one list.
    {kProxy, {"1.1.1.1", "203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5", "10.1.1.1"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5, 10.1.1.1", "10.1.1.2, 10.1.1.3"}, kTrusted, "203.0.113.5"},
    // Only proxies in the list: the one farthest away.
    {kProxy, {"10.2.2.2"}, kTrusted, "10.2.2.2"},
    {kProxy, {"10.2.2.2, 10.1.1.1"}, kTrusted, "10.2.2.2"},
    // With a port.
    {kProxy, {"203.0.113.5:4711"}, kTrusted, "203.0.113.5"},
    {kProxy, {"[2001:db8::7]"}, kTrusted, "2001:db8::7"},
    {kProxy, {"[2001:db8::7]:443"}, kTrusted, "2001:db8::7"},
    {kProxy, {"203.0.113.5, 10.1.1.1:80"}, kTrusted, "203.0.113.5"},
    // A mapped address is the IPv4 address that it means.
    {kProxy, {"::ffff:203.0.113.5"}, kTrusted, "203.0.113.5"},
    {kProxy, {"203.0.113.5, ::ffff:10.1.1.1"}, kTrusted, "203.0.113.5"},
    {"::ffff:10.0.0.1", {"203.0.113.5"}, kTrusted, "203.0.113.5"},
    // What cannot be read is no evidence.
    {kProxy, {""}, kTrusted, kProxy},
    {kProxy, {"unknown"}, kTrusted, kProxy},
    {kProxy, {"_hidden"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5,"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5, unknown"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5, unknown, 10.1.1.1"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.256"}, kTrusted, kProxy},
    {kProxy, {"0203.0.113.5"}, kTrusted, kProxy},
    {kProxy, {"3405803781"}, kTrusted, kProxy},
    {kProxy, {"0x7f.0.0.1"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5:port"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5:99999"}, kTrusted, kProxy},
    {kProxy, {"[2001:db8::7"}, kTrusted, kProxy},
    {kProxy, {"[203.0.113.5]"}, kTrusted, kProxy},
    {kProxy, {"fe80::1%eth0"}, kTrusted, kProxy},
    {kProxy, {"\"203.0.113.5\""}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5 198.51.100.1"}, kTrusted, kProxy},
    {kProxy, {"203.0.113.5;10.1.1.1"}, kTrusted, kProxy},
    {kProxy, {"example.com"}, kTrusted, kProxy},
    // Everybody is trusted: the leftmost.
    {kProxy, {"1.2.3.4, 203.0.113.5"}, {"0.0.0.0/0"}, "1.2.3.4"},
};

std::vector<net::Cidr> ranges(const std::vector<std::string_view>& texts) {
  std::vector<net::Cidr> parsed;
  for (const std::string_view text : texts) parsed.push_back(net::Cidr::parse(text).value());
  return parsed;
}

std::string join(const std::vector<std::string_view>& lines) {
  std::string text;
  for (const std::string_view line : lines) text += "[" + std::string(line) + "]";
  return text;
}

TEST(ClientAddress, IsTheFirstFromTheRightThatIsNoTrustedProxy) {
  for (const Row& row : kRows) {
    const auto peer = net::IpAddress::parse(row.peer).value();
    EXPECT_EQ(client_address(peer, row.forwarded, ranges(row.trusted)).to_string(), row.client)
        << row.peer << " " << join(row.forwarded);
  }
}

TEST(ClientAddress, GivesUpOnListsOfEndlessProxies) {
  const auto peer = net::IpAddress::parse(kProxy).value();
  std::string list = "203.0.113.5";
  for (std::size_t i = 1; i < kForwardedHopsMax; ++i) list += ",10.0.0.2";
  std::string_view line = list;
  EXPECT_EQ(client_address(peer, {&line, 1}, ranges(kTrusted)).to_string(), "203.0.113.5");
  list += ",10.0.0.2";
  line = list;
  EXPECT_EQ(client_address(peer, {&line, 1}, ranges(kTrusted)).to_string(), kProxy);
}

TEST(ClientAddress, ReadsEveryFieldOfTheRequestInAnyCaseAndNoOtherHeader) {
  http::Request request;
  request.peer.address = net::IpAddress::parse(kProxy).value();
  request.headers.add("X-Real-IP", "1.1.1.1");
  request.headers.add("Forwarded", "for=1.1.1.1");
  EXPECT_EQ(client_address(request, ranges(kTrusted)).to_string(), kProxy);
  request.headers.add("x-forwarded-for", "203.0.113.5");
  request.headers.add("X-FORWARDED-FOR", "10.1.1.1");
  EXPECT_EQ(client_address(request, ranges(kTrusted)).to_string(), "203.0.113.5");
}

}  // namespace
}  // namespace verihook::gateway
