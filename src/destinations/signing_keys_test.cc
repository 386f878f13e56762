#include "destinations/signing_keys.h"

#include <array>

#include <gtest/gtest.h>

#include "crypto/system_random.h"
#include "webhooks/asymmetric.h"

namespace verihook::destinations {
namespace {

class SigningKeysTest : public testing::Test {
 protected:
  std::string seal(std::string_view secret, std::string_view place) {
    return box_.seal(secret, place).value();
  }

  crypto::SystemRandom random_;
  std::array<std::byte, crypto::kAesKeyBytes> master_key_{};
  crypto::SecretBox box_{master_key_, random_};
  SigningKeys keys_{box_};
};

TEST_F(SigningKeysTest, AreWhatWasSealed) {
  const auto private_key = crypto::Ed25519Key::make(random_);
  const std::string sealed = seal(webhooks::to_private_text(private_key), "ten|wh_1");
  for (int i = 0; i < 2; ++i) {
    const auto key = keys_.open(sealed, "ten|wh_1");
    ASSERT_TRUE(key);
    EXPECT_EQ(std::get<crypto::Ed25519Key>(*key).public_key(), private_key.public_key());
  }
  EXPECT_EQ(keys_.size(), 1U);
  EXPECT_EQ(std::get<std::string>(*keys_.open(seal("shared", "ten|wh_1"), "ten|wh_1")), "shared");
}

TEST_F(SigningKeysTest, OfOnePlaceDoNotOpenInAnother) {
  const std::string sealed = seal("shared", "ten|wh_1");
  EXPECT_TRUE(keys_.open(sealed, "ten|wh_1"));
  EXPECT_FALSE(keys_.open(sealed, "ten|wh_2"));
}

TEST_F(SigningKeysTest, AreForgottenPastTheLimitAndOpenedAgain) {
  const std::string first = seal("first", "place");
  EXPECT_TRUE(keys_.open(first, "place"));
  for (std::size_t i = 0; i < kSigningKeysMax; ++i) {
    ASSERT_TRUE(keys_.open(seal("another", "place"), "place"));
  }
  EXPECT_LE(keys_.size(), kSigningKeysMax);
  EXPECT_EQ(std::get<std::string>(*keys_.open(first, "place")), "first");
}

}  // namespace
}  // namespace verihook::destinations
