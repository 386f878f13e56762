#include "webhooks/asymmetric.h"

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace verihook::webhooks {
namespace {

// The key of RFC 8032, 7.1, test 1, which is also the one of RFC 8037, appendix A.
constexpr std::string_view kSeedHex =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kPrivate =
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/"
    "tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
constexpr std::string_view kPublic = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

TEST(AsymmetricKey, IsReadAsASeedAndAsSeedAndPublicKey) {
  const std::string seed = crypto::hex_decode(kSeedHex).value();
  for (const std::string& text : {"whsk_" + crypto::base64_encode(seed), std::string(kPrivate)}) {
    const auto key = parse_private_key(text);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->seed(), seed);
    EXPECT_EQ(to_private_text(*key), kPrivate);
    EXPECT_EQ(to_public_text(*key), kPublic);
  }
  EXPECT_EQ(parse_public_key(kPublic).value(), parse_private_key(kPrivate)->public_key());
}

TEST(AsymmetricKey, IsNothingElse) {
  const std::string seed = crypto::hex_decode(kSeedHex).value();
  const std::string with_other_public = seed + std::string(32, 'p');
  for (const std::string& text :
       {std::string(), std::string("whsk_"), std::string(kPublic), "whsk_!" + seed,
        "whsec_" + crypto::base64_encode(seed), "whsk_" + crypto::base64_encode(seed.substr(1)),
        "whsk_" + crypto::base64_encode(with_other_public), std::string(kPrivate) + "\n"}) {
    const auto key = parse_private_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, Errc::kInvalidArgument);
  }
  for (const std::string& text :
       {std::string(), std::string("whpk_"), std::string(kPrivate), std::string(kPublic) + "=",
        "whpk_" + crypto::base64_encode(std::string(31, 'p'))}) {
    EXPECT_FALSE(parse_public_key(text)) << text;
  }
}

TEST(AsymmetricSignature, IsOfTheStandardsContent) {
  EXPECT_EQ(asymmetric_signature(*parse_private_key(kPrivate), "evt_1", "1700000000", "{}"),
            "v1a,foU6A1vCbb8s5PIfWMUHPloRwUjN+M/01rWIRjGayznt14O9Rq8wbfspwR1SJ+Pp3GykPySUaOFxq/"
            "iNMEl2CA==");
}

// RFC 8037, appendix A: the key of A.2 and its thumbprint of A.3.
TEST(KeySet, NamesAKeyByItsThumbprint) {
  const std::string keys[] = {std::string(kPublic), "no key"};
  EXPECT_EQ(key_set(keys),
            R"({"keys":[{"crv":"Ed25519","kty":"OKP",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",)"
            R"("kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA"}]})");
  EXPECT_EQ(key_set({}), R"({"keys":[]})");
}

}  // namespace
}  // namespace verihook::webhooks
