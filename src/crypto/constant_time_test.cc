#include "crypto/constant_time.h"

#include <string>

#include <gtest/gtest.h>

#include "crypto/sha256.h"

namespace verihook::crypto {
namespace {

TEST(ConstantTimeEqual, TellsEqualFromDifferentText) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", std::string("secret")));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("Secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secret "));
  EXPECT_FALSE(constant_time_equal("", "s"));
}

TEST(ConstantTimeEqual, ComparesDigests) {
  EXPECT_TRUE(constant_time_equal(sha256("a"), sha256("a")));
  EXPECT_FALSE(constant_time_equal(sha256("a"), sha256("b")));
}

}  // namespace
}  // namespace verihook::crypto
