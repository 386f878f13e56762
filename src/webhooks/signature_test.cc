#include "webhooks/signature.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "webhooks/asymmetric.h"

namespace verihook::webhooks {
namespace {

// Published vectors of Standard Webhooks implementations.
constexpr std::string_view kSecret1 = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
constexpr std::string_view kSecret2 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kBody1 = R"({"email":"test@example.com","username":"test_user"})";
constexpr std::string_view kBody2 = R"({"test": 2432232314})";

using HeaderList = std::vector<std::pair<std::string, std::string>>;

std::string value_of(const HeaderList& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &HeaderList::value_type::first);
  return found == headers.end() ? "absent" : found->second;
}

std::vector<SigningKey> keys(std::initializer_list<std::string_view> secrets) {
  std::vector<SigningKey> parsed;
  for (const std::string_view secret : secrets) {
    parsed.push_back(parse_signing_key(secret).value());
  }
  return parsed;
}

WallTime at(std::int64_t seconds) { return from_unix_ms(seconds * 1000 + 999); }

TEST(Signature, MatchesThePublishedStandardWebhooksVectors) {
  EXPECT_EQ(standard_webhooks_signature(kSecret1, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553",
                                        kBody1),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
  EXPECT_EQ(
      standard_webhooks_signature(kSecret2, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", kBody2),
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, MatchesThePublishedHexVector) {
  EXPECT_EQ(hex_signature("It's a Secret to Everybody", "Hello, World!"),
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

TEST(Signature, GivesEveryHeaderOfAnAttempt) {
  const auto headers =
      sign({.keys = keys({kSecret2})},
           {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek", .body = kBody2, .attempt_time = at(1614265330)});
  EXPECT_EQ(headers.size(), 5U);
  const std::string hex = hex_signature(kSecret2, kBody2);
  EXPECT_EQ(value_of(headers, "X-Webhook-Signature"), hex);
  EXPECT_EQ(value_of(headers, "X-BillionVerify-Signature"), hex);
  EXPECT_EQ(value_of(headers, "webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
  EXPECT_EQ(value_of(headers, "webhook-timestamp"), "1614265330");
  EXPECT_EQ(value_of(headers, "webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, SignsWithOldAndNewSecretDuringARotation) {
  const SignedMessage message{.id = "evt_1", .body = "{}", .attempt_time = at(1700000000)};
  const auto headers = sign({.keys = keys({"new secret", "old secret"})}, message);
  EXPECT_EQ(value_of(headers, "webhook-signature"),
            standard_webhooks_signature("new secret", "evt_1", "1700000000", "{}") + " " +
                standard_webhooks_signature("old secret", "evt_1", "1700000000", "{}"));
  EXPECT_EQ(value_of(headers, "X-Webhook-Signature"), hex_signature("new secret", "{}"));
}

TEST(Signature, TakesNameAndPrefixFromTheEndpoint) {
  const SignedMessage message{.id = "evt_1", .body = "{}", .attempt_time = at(1)};
  const auto headers = sign(
      {.keys = keys({"s"}), .hex_header_name = "X-BV-Signature", .hex_prefix = "sha256="}, message);
  EXPECT_EQ(value_of(headers, "X-BV-Signature"), "sha256=" + hex_signature("s", "{}"));
  EXPECT_EQ(value_of(headers, "X-BillionVerify-Signature"), "sha256=" + hex_signature("s", "{}"));

  const auto once =
      sign({.keys = keys({"s"}), .hex_header_name = "x-billionverify-signature"}, message);
  EXPECT_EQ(once.size(), 4U);
  const auto without = sign({.keys = keys({"s"}), .also_billionverify = false}, message);
  EXPECT_EQ(value_of(without, "X-BillionVerify-Signature"), "absent");
}

TEST(Signature, IsOfBothFamiliesWhenThereAreKeysOfBoth) {
  SeededRandom random(3);
  const auto key = crypto::Ed25519Key::make(random);
  const auto old_key = crypto::Ed25519Key::make(random);
  const SignedMessage message{.id = "evt_1", .body = "{}", .attempt_time = at(1700000000)};
  const auto asymmetric = [](const crypto::Ed25519Key& signer) {
    return asymmetric_signature(signer, "evt_1", "1700000000", "{}");
  };
  const auto both =
      sign({.keys = keys({to_private_text(key), "shared", to_private_text(old_key)})}, message);
  EXPECT_EQ(value_of(both, "webhook-signature"),
            standard_webhooks_signature("shared", "evt_1", "1700000000", "{}") + " " +
                asymmetric(key) + " " + asymmetric(old_key));
  EXPECT_EQ(value_of(both, "X-Webhook-Signature"), hex_signature("shared", "{}"));

  const auto alone = sign({.keys = keys({to_private_text(key)})}, message);
  EXPECT_EQ(value_of(alone, "webhook-signature"), asymmetric(key));
  EXPECT_EQ(alone.size(), 3U);  // without a shared secret there are no hex headers
}

TEST(SigningKey, IsNeverTheTextOfAKeyThatCannotSign) {
  SeededRandom random(4);
  const auto key = crypto::Ed25519Key::make(random);
  for (const std::string& secret :
       {std::string(), std::string("whsk_damaged"), to_public_text(key)}) {
    const auto parsed = parse_signing_key(secret);
    ASSERT_FALSE(parsed) << secret;
    EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
  }
  EXPECT_TRUE(parse_signing_key(to_private_text(key)));
  EXPECT_TRUE(parse_signing_key("any text"));
}

TEST(Signature, IsNotThereWithoutAKey) {
  const auto headers = sign({}, {.id = "evt_1", .body = "{}", .attempt_time = at(1)});
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(value_of(headers, "webhook-signature"), "absent");
}

TEST(StandardWebhooksKey, IsDecodedOnlyFromStrictBase64Of24To64Bytes) {
  const auto secret_of = [](std::size_t size) {
    return "whsec_" + crypto::base64_encode(std::string(size, 'k'));
  };
  EXPECT_EQ(standard_webhooks_key(secret_of(24)), std::string(24, 'k'));
  EXPECT_EQ(standard_webhooks_key(secret_of(64)), std::string(64, 'k'));
  for (const std::string& secret :
       {secret_of(23), secret_of(65), secret_of(32) + "\n", secret_of(25).substr(0, 40),
        std::string("whsec_"), std::string("plain secret"), crypto::base64_encode(secret_of(32))}) {
    EXPECT_EQ(standard_webhooks_key(secret), secret);
  }
}

TEST(GeneratedSecret, Holds32RandomBytes) {
  SeededRandom random(1);
  const std::string first = generate_secret(random);
  const std::string second = generate_secret(random);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), 50U);
  EXPECT_EQ(standard_webhooks_key(first).size(), 32U);
}

}  // namespace
}  // namespace verihook::webhooks
