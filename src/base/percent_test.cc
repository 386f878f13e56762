#include "base/percent.h"

#include <gtest/gtest.h>

namespace verihook {
namespace {

TEST(PercentEncoded, LeavesUnreservedCharactersAlone) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/b?c=d&e f%"), "a%2Fb%3Fc%3Dd%26e%20f%25");
  EXPECT_EQ(percent_encoded("ü\x01"), "%C3%BC%01");
}

TEST(PercentDecoded, TakesWellFormedEscapesOnly) {
  EXPECT_EQ(percent_decoded("a%2Fb+%c3%BC"), "a/b+\xC3\xBC");
  EXPECT_EQ(percent_decoded(""), "");
  EXPECT_FALSE(percent_decoded("%"));
  EXPECT_FALSE(percent_decoded("a%4"));
  EXPECT_FALSE(percent_decoded("%4g"));
}

}  // namespace
}  // namespace verihook
