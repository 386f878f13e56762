#include "base/percent.h"

#include <gtest/gtest.h>

namespace verihook {
namespace {

TEST(PercentEncoded, LeavesUnreservedCharactersAlone) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/b?c=d&e f%"), "a%2Fb%3Fc%3Dd%26e%20f%25");
  EXPECT_EQ(percent_encoded("ü\x01"), "%C3%BC%01");
}

}  // namespace
}  // namespace verihook
