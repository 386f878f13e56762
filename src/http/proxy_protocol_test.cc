#include "http/proxy_protocol.h"

#include <string>

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

using enum ProxyHeader::State;

std::string header(char command, char family, std::string_view addresses) {
  std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
  text += command;
  text += family;
  text += static_cast<char>(addresses.size() >> 8);
  text += static_cast<char>(addresses.size() & 0xFF);
  text += addresses;
  return text;
}

const std::string kV4("\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x34\x01\xbb", 12);
const std::string kV6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                        std::string(16, '\0') + std::string("\x12\x34\x01\xbb", 4);

TEST(ProxyProtocol, TellsWhoseAConnectionIs) {
  const auto v4 = read_proxy_header(header(0x21, 0x11, kV4) + "GET /");
  EXPECT_EQ(v4.state, kWhole);
  EXPECT_EQ(v4.bytes, 28u);
  EXPECT_EQ(v4.client->to_string(), "203.0.113.9:4660");
  const auto v6 = read_proxy_header(header(0x21, 0x21, kV6));
  EXPECT_EQ(v6.client->to_string(), "[2001:db8::1]:4660");
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xcb" + std::string("\0qr", 3) +
                             std::string(16, '\0') + "\x12\x34\x01\xbb";
  EXPECT_EQ(read_proxy_header(header(0x21, 0x21, mapped)).client->to_string(),
            "203.0.113.114:4660");
}

TEST(ProxyProtocol, IsReadHoweverItIsCut) {
  const std::string whole = header(0x21, 0x11, kV4 + "extensions");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(read_proxy_header(std::string_view(whole).substr(0, size)).state, kIncomplete);
  }
  EXPECT_EQ(read_proxy_header(whole).bytes, whole.size());
}

TEST(ProxyProtocol, OfTheProxysOwnConnectionsAndOtherFamiliesNamesNobody) {
  EXPECT_EQ(read_proxy_header(header(0x20, 0x00, "")).state, kWhole);
  EXPECT_EQ(read_proxy_header(header(0x20, 0x11, kV4)).client, std::nullopt);
  EXPECT_EQ(read_proxy_header(header(0x21, 0x00, "")).client, std::nullopt);
  EXPECT_EQ(read_proxy_header(header(0x21, 0x31, std::string(216, 'x'))).client, std::nullopt);
}

TEST(ProxyProtocol, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY TCP4 203.0.113.9"), std::string("x"),
        header(0x11, 0x11, kV4), header(0x22, 0x11, kV4), header(0x21, 0x11, "short"),
        header(0x21, 0x11, std::string(5'000, 'x')).substr(0, 100)}) {
    EXPECT_EQ(read_proxy_header(text).state, kBad) << text;
  }
}

}  // namespace
}  // namespace verihook::http
