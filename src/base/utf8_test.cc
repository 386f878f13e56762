#include "base/utf8.h"

#include <gtest/gtest.h>

namespace verihook {
namespace {

TEST(Utf8Prefix, EndsWhereACharacterEnds) {
  EXPECT_EQ(utf8_prefix("abc", 3), "abc");
  EXPECT_EQ(utf8_prefix("abc", 2), "ab");
  EXPECT_EQ(utf8_prefix("aé", 2), "a");
  EXPECT_EQ(utf8_prefix("aé", 3), "aé");
  EXPECT_EQ(utf8_prefix("😀x", 4), "😀");
  EXPECT_EQ(utf8_prefix("😀x", 3), "");
  EXPECT_EQ(utf8_prefix("", 0), "");
}

}  // namespace
}  // namespace verihook
