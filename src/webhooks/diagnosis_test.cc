#include "webhooks/diagnosis.h"

#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/hmac.h"
#include "webhooks/signature.h"

namespace verihook::webhooks {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kBody = R"({"event_type": "bulk.completed", "name": "Grüße"})";
constexpr std::string_view kCompact = R"({"event_type":"bulk.completed","name":"Grüße"})";
constexpr std::int64_t kNowSeconds = 1'700'000'000;
const WallTime kNow = from_unix_ms(kNowSeconds * 1000 + 400);
const std::string kSecret = "first secret";

std::string hex(std::string_view key, std::string_view content) {
  return crypto::hex_encode(crypto::hmac_sha256(key, content));
}
std::string base64(std::string_view key, std::string_view content) {
  return crypto::base64_encode(crypto::hmac_sha256(key, content));
}

class DiagnosisTest : public ::testing::Test {
 protected:
  void use(VerifierKind kind, std::string secret = kSecret) {
    config_ = default_verifier(kind);
    config_.secrets = {std::move(secret)};
  }
  Diagnosis of(const HeaderList& headers, std::string_view body = kBody) {
    const auto outcome = verify(config_, headers, body, kNow, kTolerance);
    EXPECT_FALSE(outcome.accepted());
    Diagnosis diagnosis = diagnose({config_, headers, body, kNow, kTolerance, others_});
    EXPECT_EQ(diagnosis.sentence.find(kSecret), std::string::npos);
    EXPECT_TRUE(diagnosis.sentence.ends_with(".")) << diagnosis.sentence;
    return diagnosis;
  }
  Diagnosis of_hex(std::string_view key, std::string_view content) {
    return of({{"X-Webhook-Signature", hex(key, content)}});
  }
  // Standard Webhooks, signed with this key at this time.
  HeaderList standard(std::string_view key, const std::string& timestamp,
                      std::string_view family = "webhook") const {
    const std::string name(family);
    return {{name + "-id", "msg_1"},
            {name + "-timestamp", timestamp},
            {name + "-signature",
             "v1," + base64(key, "msg_1." + timestamp + "." + std::string(kBody))}};
  }

  static constexpr Milliseconds kTolerance{300'000};
  VerifierConfig config_ = [] {
    auto config = default_verifier(VerifierKind::kHmac);
    config.secrets = {kSecret};
    return config;
  }();
  std::vector<KnownSecret> others_;
};

TEST_F(DiagnosisTest, NamesTheSourceWhoseSecretItIs) {
  others_ = {{"old", ""}, {"of another", "billing"}};
  const auto diagnosis = of_hex("of another", kBody);
  EXPECT_EQ(diagnosis.cause, Cause::kSecretOfOtherSource);
  EXPECT_NE(diagnosis.sentence.find("\"billing\""), std::string::npos);
  EXPECT_EQ(diagnosis.sentence.find("of another"), std::string::npos);
  EXPECT_EQ(of_hex("old", kBody).cause, Cause::kExpiredSecret);
}

TEST_F(DiagnosisTest, FindsWhiteSpaceAroundASecretOfEitherSide) {
  EXPECT_EQ(of_hex(kSecret + "\n", kBody).cause, Cause::kSecretWhiteSpace);
  use(VerifierKind::kHmac, " " + kSecret + "\n");
  EXPECT_EQ(of_hex(kSecret, kBody).cause, Cause::kSecretWhiteSpace);
}

TEST_F(DiagnosisTest, FindsASecretThatOnlyOneSideDecodes) {
  const std::string key(32, 'k');
  const std::string encoded = crypto::base64_encode(key);
  use(VerifierKind::kHmac, "whsec_" + encoded);
  EXPECT_EQ(of_hex(key, kBody).cause, Cause::kSecretEncoding);
  EXPECT_EQ(of_hex(encoded, kBody).cause, Cause::kSecretEncoding);
  use(VerifierKind::kHmac, crypto::hex_encode(key));
  EXPECT_EQ(of_hex(key, kBody).cause, Cause::kSecretEncoding);

  use(VerifierKind::kStandardWebhooks, "whsec_" + encoded);
  config_.secret_encoding = SecretEncoding::kBase64;
  const std::string now = std::to_string(kNowSeconds);
  EXPECT_EQ(of(standard("whsec_" + encoded, now)).cause, Cause::kSecretEncoding);
  config_.secret_encoding = SecretEncoding::kRaw;
  EXPECT_EQ(of(standard(key, now)).cause, Cause::kSecretEncoding);
}

TEST_F(DiagnosisTest, FindsABodyThatWasWrittenAnew) {
  const auto diagnosis = of_hex(kSecret, kCompact);
  EXPECT_EQ(diagnosis.cause, Cause::kBodyReserialised);
  EXPECT_NE(diagnosis.sentence.find("JSON.stringify"), std::string::npos);
  EXPECT_EQ(
      of_hex(kSecret, "{\n  \"event_type\": \"bulk.completed\",\n  \"name\": \"Grüße\"\n}").cause,
      Cause::kBodyReserialised);
  EXPECT_EQ(of_hex(kSecret, R"({"event_type": "bulk.completed", "name": "Gr\u00fc\u00dfe"})").cause,
            Cause::kBodyReserialised);
  EXPECT_EQ(of_hex(kSecret, std::string(kBody) + "\n").cause, Cause::kBodyLineEnd);
}

TEST_F(DiagnosisTest, FindsAPrefixThatIsTooMuchOrMissing) {
  EXPECT_EQ(of({{"X-Webhook-Signature", "sha256=" + hex(kSecret, kBody)}}).cause, Cause::kPrefix);
  use(VerifierKind::kGithub);
  EXPECT_EQ(of({{"X-Hub-Signature-256", hex(kSecret, kBody)}}).cause, Cause::kPrefix);
  use(VerifierKind::kStandardWebhooks);
  auto headers = standard(kSecret, std::to_string(kNowSeconds));
  headers.back().second.erase(0, 3);
  EXPECT_EQ(of(headers).cause, Cause::kPrefix);
}

TEST_F(DiagnosisTest, FindsBase64ForHexAndHexForBase64) {
  EXPECT_EQ(of({{"X-Webhook-Signature", base64(kSecret, kBody)}}).cause, Cause::kEncoding);
  use(VerifierKind::kShopify);
  EXPECT_EQ(of({{"X-Shopify-Hmac-Sha256", hex(kSecret, kBody)}}).cause, Cause::kEncoding);
}

TEST_F(DiagnosisTest, FindsTheHeaderInWhichTheSignatureStands) {
  const auto diagnosis = of({{"Host", "h"}, {"X-Our-Signature", hex(kSecret, kBody)}});
  EXPECT_EQ(diagnosis.cause, Cause::kHeaderName);
  EXPECT_EQ(diagnosis.sentence,
            "The signature is right when it is read from X-Our-Signature instead of "
            "X-Webhook-Signature.");
  use(VerifierKind::kStandardWebhooks);
  EXPECT_EQ(of(standard(kSecret, std::to_string(kNowSeconds), "svix")).cause, Cause::kHeaderName);
  use(VerifierKind::kApiKey);
  EXPECT_EQ(of({{"Authorization", "Bearer " + kSecret}}).cause, Cause::kHeaderName);
}

TEST_F(DiagnosisTest, TellsOfSeveralMistakesAtOnce) {
  const auto diagnosis = of({{"X-Our-Signature", "sha256=" + base64(kSecret, kCompact)}});
  EXPECT_EQ(diagnosis.cause, Cause::kBodyReserialised);
  EXPECT_EQ(diagnosis.sentence.find("it is read from X-Our-Signature instead of "
                                    "X-Webhook-Signature and sha256= before it is left out and it "
                                    "is read as base64 instead of hex, and the body is"),
            std::string("The signature is right when ").size())
      << diagnosis.sentence;
}

TEST_F(DiagnosisTest, TellsBySecondsHowFarTheClocksAreApart) {
  use(VerifierKind::kStandardWebhooks);
  auto diagnosis = of(standard(kSecret, std::to_string(kNowSeconds - 400)));
  EXPECT_EQ(diagnosis.cause, Cause::kClockSkew);
  EXPECT_EQ(diagnosis.skew_s, 400);
  EXPECT_NE(diagnosis.sentence.find("400 s before"), std::string::npos);
  diagnosis = of(standard(kSecret, std::to_string(kNowSeconds + 3600)));
  EXPECT_EQ(diagnosis.skew_s, -3600);
  EXPECT_NE(diagnosis.sentence.find("3600 s after"), std::string::npos);
}

TEST_F(DiagnosisTest, FindsATimestampInMilliseconds) {
  use(VerifierKind::kStandardWebhooks);
  EXPECT_EQ(of(standard(kSecret, std::to_string(kNowSeconds) + "123")).cause,
            Cause::kTimestampUnit);
  use(VerifierKind::kStripe);
  const std::string ms = std::to_string(kNowSeconds) + "123";
  EXPECT_EQ(
      of({{"Stripe-Signature", "t=" + ms + ",v1=" + hex(kSecret, ms + "." + std::string(kBody))}})
          .cause,
      Cause::kTimestampUnit);
}

TEST_F(DiagnosisTest, FindsTheSchemeThatTheSenderUses) {
  const auto diagnosis = of(standard(kSecret, std::to_string(kNowSeconds)));
  EXPECT_EQ(diagnosis.cause, Cause::kOtherKind);
  EXPECT_NE(diagnosis.sentence.find("standard-webhooks"), std::string::npos);
}

TEST_F(DiagnosisTest, SaysSoWhenThereIsNoSignatureAndWhenNothingExplainsIt) {
  EXPECT_EQ(of({{"Content-Type", "application/json"}}).cause, Cause::kNoSignature);
  EXPECT_EQ(of_hex("somebody else's", kBody).cause, Cause::kUnknownSecret);
}

TEST_F(DiagnosisTest, HashesNoMoreThanItsShare) {
  others_.assign(1000, {"of another", "billing"});
  others_.push_back({"the last", "billing"});
  const std::string body = "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}";
  const auto diagnosis = of({{"X-Webhook-Signature", hex("the last", body)}}, body);
  EXPECT_EQ(diagnosis.cause, Cause::kUnknownSecret);
}

TEST_F(DiagnosisTest, EveryCauseHasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Cause::kUnknownSecret); ++i) {
    const auto name = to_string(static_cast<Cause>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(std::ranges::find(names, name), names.end()) << name;
    names.push_back(name);
  }
}

}  // namespace
}  // namespace verihook::webhooks
