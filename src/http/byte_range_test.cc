#include "http/byte_range.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

Headers with(std::initializer_list<std::pair<const char*, const char*>> fields) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

TEST(ByteRange, ReadsEveryFormOfOneRange) {
  const std::tuple<const char*, ByteRange> cases[] = {
      {"bytes=0-0", {0, 0}},     {"bytes=0-99", {0, 99}}, {"bytes=5-", {5, 99}},
      {"bytes=-1", {99, 99}},    {"bytes=-500", {0, 99}}, {"bytes=99-5000", {99, 99}},
      {"BYTES= 3 - 4 ", {3, 4}},
  };
  for (const auto& [field, expected] : cases) {
    ByteRange range;
    EXPECT_EQ(parse_range(field, 100, range), Wanted::kRange) << field;
    EXPECT_EQ(range, expected) << field;
  }
}

TEST(ByteRange, GivesTheWholeForWhatItDoesNotUnderstand) {
  ByteRange range;
  for (const char* field :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "rows=1-2", "bytes=5-3",
        "bytes=1-2,4-5", "bytes=+1-2", "bytes=1-2-3", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(field, 100, range), Wanted::kWhole) << field;
  }
}

TEST(ByteRange, KnowsWhatCannotBeSatisfied) {
  ByteRange range;
  EXPECT_EQ(parse_range("bytes=100-", 100, range), Wanted::kNotSatisfiable);
  EXPECT_EQ(parse_range("bytes=-0", 100, range), Wanted::kNotSatisfiable);
  EXPECT_EQ(parse_range("bytes=0-", 0, range), Wanted::kNotSatisfiable);
  EXPECT_EQ(parse_range("bytes=-5", 0, range), Wanted::kNotSatisfiable);
}

TEST(ByteRange, IsOfTheDocumentThatTheClientHasOrOfNone) {
  EXPECT_FALSE(asks_for_range({}, "\"a\""));
  EXPECT_TRUE(asks_for_range(with({{"Range", "bytes=1-"}}), "\"a\""));
  EXPECT_TRUE(asks_for_range(with({{"Range", "bytes=1-"}, {"If-Range", "\"a\""}}), "\"a\""));
  for (const char* other : {"\"b\"", "W/\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", ""}) {
    EXPECT_FALSE(asks_for_range(with({{"Range", "bytes=1-"}, {"If-Range", other}}), "\"a\""));
  }
  EXPECT_FALSE(asks_for_range(with({{"Range", "bytes=1-"}, {"Range", "bytes=2-"}}), "\"a\""));
}

TEST(ByteRange, IsNotSentOfWhatTheClientHasAlready) {
  EXPECT_TRUE(has_already(with({{"If-None-Match", "\"x\", W/\"a\""}}), "\"a\""));
  EXPECT_TRUE(has_already(with({{"If-None-Match", "*"}}), "\"a\""));
  EXPECT_FALSE(has_already(with({{"If-None-Match", "\"x\""}}), "\"a\""));
  EXPECT_FALSE(has_already({}, "\"a\""));
}

}  // namespace
}  // namespace verihook::http
