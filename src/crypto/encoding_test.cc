#include "crypto/encoding.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace verihook::crypto {
namespace {

TEST(Hex, WritesLowerCaseAndReadsBothCases) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\xab\xff", 3)), "00abff");
  EXPECT_EQ(hex_decode("00abff"), std::string("\x00\xab\xff", 3));
  EXPECT_EQ(hex_decode("00ABfF"), std::string("\x00\xab\xff", 3));
  EXPECT_EQ(hex_decode(""), "");
}

TEST(Hex, RefusesWhatIsNotPairsOfDigits) {
  for (const char* text : {"0", "abc", "0g", "0x00", " 00", "00 ", "00\n", "\xff\xff"}) {
    EXPECT_FALSE(hex_decode(text)) << text;
  }
}

// RFC 4648 section 10.
TEST(Base64, MatchesTheVectorsOfRfc4648) {
  constexpr std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                        {"f", "Zg=="},
                                                                        {"fo", "Zm8="},
                                                                        {"foo", "Zm9v"},
                                                                        {"foob", "Zm9vYg=="},
                                                                        {"fooba", "Zm9vYmE="},
                                                                        {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, RefusesLenientForms) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zm9vYg=", "Zm9v\n", " Zm9v",
                           "Zm 9", "Zh==", "Zm9=", "Zm9v=", "Zg==Zg==", "Zm-_", "Z", "=Zm9"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Base64Url, UsesItsOwnAlphabetWithoutPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe\xff"), "-__-_w");
  EXPECT_EQ(base64url_decode("-__-_w"), "\xfb\xff\xfe\xff");
  for (const char* text : {"+//+/w", "-__-_w==", "A", "-__-_x", "-__ "}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

TEST(Encodings, GiveBackAllBytesOfEveryLength) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
  }
}

}  // namespace
}  // namespace verihook::crypto
