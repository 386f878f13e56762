#include "webhooks/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/hmac.h"
#include "webhooks/asymmetric.h"
#include "webhooks/signature.h"

namespace verihook::webhooks {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kBody = R"({"event_type":"bulk.completed"})";
constexpr Milliseconds kTolerance{300'000};
constexpr std::int64_t kNowSeconds = 1'700'000'000;
const WallTime kNow = from_unix_ms(kNowSeconds * 1000 + 400);

VerifierConfig config_of(VerifierKind kind, std::vector<std::string> secrets) {
  VerifierConfig config = default_verifier(kind);
  config.secrets = std::move(secrets);
  return config;
}

VerifyStatus status_of(const VerifierConfig& config, const HeaderList& headers,
                       std::string_view body = kBody, WallTime now = kNow) {
  return verify(config, headers, body, now, kTolerance).status;
}

std::string hmac_hex(std::string_view key, std::string_view content) {
  return crypto::hex_encode(crypto::hmac_sha256(key, content));
}

std::string hmac_base64(std::string_view key, std::string_view content) {
  return crypto::base64_encode(crypto::hmac_sha256(key, content));
}

// One authentic request for each kind, signed at kNowSeconds with the secret "first secret".
struct Authentic {
  VerifierKind kind;
  HeaderList headers;
};

std::vector<Authentic> authentic_requests() {
  const std::string secret = "first secret";
  const std::string seconds = std::to_string(kNowSeconds);
  const std::string body(kBody);
  return {
      {VerifierKind::kHmac, {{"x-webhook-signature", hmac_hex(secret, body)}}},
      {VerifierKind::kStandardWebhooks,
       {{"Webhook-Id", "msg_1"},
        {"Webhook-Timestamp", seconds},
        {"Webhook-Signature", "v1," + hmac_base64(secret, "msg_1." + seconds + "." + body)}}},
      {VerifierKind::kBillionVerify, {{"X-BillionVerify-Signature", hmac_hex(secret, body)}}},
      {VerifierKind::kStripe,
       {{"Stripe-Signature",
         "t=" + seconds + ",v1=" + hmac_hex(secret, seconds + "." + body) + ",v0=00"}}},
      {VerifierKind::kGithub, {{"X-Hub-Signature-256", "sha256=" + hmac_hex(secret, body)}}},
      {VerifierKind::kShopify, {{"X-Shopify-Hmac-Sha256", hmac_base64(secret, body)}}},
      {VerifierKind::kSlack,
       {{"X-Slack-Request-Timestamp", seconds},
        {"X-Slack-Signature", "v0=" + hmac_hex(secret, "v0:" + seconds + ":" + body)}}},
      {VerifierKind::kApiKey, {{"X-Api-Key", secret}}},
  };
}

TEST(Verify, AcceptsAnAuthenticRequestOfEveryKind) {
  for (const auto& [kind, headers] : authentic_requests()) {
    const auto config = config_of(kind, {"first secret"});
    EXPECT_EQ(status_of(config, headers), VerifyStatus::kAccepted) << to_string(kind);
  }
}

TEST(Verify, AcceptsAnyOfSeveralActiveSecrets) {
  for (const auto& [kind, headers] : authentic_requests()) {
    const auto config = config_of(kind, {"other", "first secret", "third"});
    EXPECT_EQ(status_of(config, headers), VerifyStatus::kAccepted) << to_string(kind);
  }
}

TEST(Verify, RefusesAnotherSecretNoSecretAndTheEmptySecret) {
  for (const auto& [kind, headers] : authentic_requests()) {
    for (const std::vector<std::string>& secrets :
         {std::vector<std::string>{"First secret"}, {}, {""}, {"", "x"}}) {
      EXPECT_EQ(status_of(config_of(kind, secrets), headers), VerifyStatus::kInvalid)
          << to_string(kind);
    }
  }
}

TEST(Verify, RefusesASignatureMadeWithTheEmptyKey) {
  const HeaderList headers = {{"X-Webhook-Signature", hmac_hex("", kBody)}};
  EXPECT_EQ(status_of(config_of(VerifierKind::kHmac, {""}), headers), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config_of(VerifierKind::kApiKey, {""}), {{"X-API-Key", " "}}),
            VerifyStatus::kMissing);
}

TEST(Verify, RefusesAnotherBody) {
  for (const auto& [kind, headers] : authentic_requests()) {
    if (kind == VerifierKind::kApiKey) continue;
    const auto config = config_of(kind, {"first secret"});
    EXPECT_EQ(status_of(config, headers, std::string(kBody) + " "), VerifyStatus::kInvalid)
        << to_string(kind);
  }
}

TEST(Verify, MissesEachHeaderThatIsLeftOutOrEmpty) {
  for (const auto& [kind, headers] : authentic_requests()) {
    const auto config = config_of(kind, {"first secret"});
    for (std::size_t i = 0; i < headers.size(); ++i) {
      HeaderList fewer = headers;
      fewer[i].second = "  ";
      EXPECT_EQ(status_of(config, fewer), VerifyStatus::kMissing) << to_string(kind);
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_EQ(status_of(config, fewer), VerifyStatus::kMissing) << to_string(kind);
    }
  }
}

TEST(Verify, RefusesEachHeaderThatOccursTwice) {
  for (const auto& [kind, headers] : authentic_requests()) {
    const auto config = config_of(kind, {"first secret"});
    for (const auto& header : headers) {
      HeaderList more = headers;
      more.push_back(header);
      EXPECT_EQ(status_of(config, more), VerifyStatus::kInvalid) << to_string(kind);
    }
  }
}

TEST(Verify, IsStalePastTheToleranceInBothDirectionsWhereATimestampIsSigned) {
  for (const auto& [kind, headers] : authentic_requests()) {
    const auto config = config_of(kind, {"first secret"});
    const bool signs_time = kind == VerifierKind::kStandardWebhooks ||
                            kind == VerifierKind::kStripe || kind == VerifierKind::kSlack;
    const auto beyond = signs_time ? VerifyStatus::kStale : VerifyStatus::kAccepted;
    for (const int sign : {-1, 1}) {
      const auto at = [&](int seconds) { return kNow + std::chrono::seconds(sign * seconds); };
      EXPECT_EQ(status_of(config, headers, kBody, at(300)), VerifyStatus::kAccepted)
          << to_string(kind);
      EXPECT_EQ(status_of(config, headers, kBody, at(301)), beyond) << to_string(kind);
    }
  }
}

TEST(Verify, CallsAForgedRequestInvalidAndNotStale) {
  const HeaderList headers = {
      {"webhook-id", "msg_1"}, {"webhook-timestamp", "1"}, {"webhook-signature", "v1,AAAA"}};
  EXPECT_EQ(status_of(config_of(VerifierKind::kStandardWebhooks, {"s"}), headers),
            VerifyStatus::kInvalid);
}

TEST(Verify, RefusesTimestampsThatAreNotWholeSeconds) {
  for (const std::string timestamp :
       {"1700000000.0", "+1700000000", "-1", "1.7e9", "0x1", "1700000000x", "1 700000000",
        "99999999999999999999", "NaN"}) {
    const HeaderList headers = {
        {"webhook-id", "msg_1"},
        {"webhook-timestamp", timestamp},
        {"webhook-signature",
         "v1," + hmac_base64("s", "msg_1." + timestamp + "." + std::string(kBody))}};
    EXPECT_EQ(status_of(config_of(VerifierKind::kStandardWebhooks, {"s"}), headers),
              VerifyStatus::kInvalid)
        << timestamp;
  }
}

TEST(Verify, AcceptsWhatSignMakesAlsoDuringARotation) {
  const std::vector<std::string> secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old secret"};
  SigningOptions options;
  for (const std::string& secret : secrets) {
    options.keys.push_back(parse_signing_key(secret).value());
  }
  const auto headers = sign(options, {.id = "evt_1", .body = kBody, .attempt_time = kNow});
  for (const std::string& secret : secrets) {
    const auto outcome = verify(config_of(VerifierKind::kStandardWebhooks, {secret}), headers,
                                kBody, kNow, kTolerance);
    EXPECT_TRUE(outcome.accepted()) << outcome.detail;
    EXPECT_EQ(outcome.signed_id, "evt_1");
    EXPECT_EQ(outcome.signed_at, from_unix_ms(kNowSeconds * 1000));
  }
  for (const auto kind : {VerifierKind::kHmac, VerifierKind::kBillionVerify}) {
    EXPECT_EQ(status_of(config_of(kind, {secrets[0]}), headers), VerifyStatus::kAccepted);
  }
}

TEST(Verify, MatchesThePublishedVectors) {
  const HeaderList standard = {
      {"webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"},
      {"webhook-timestamp", "1649367553"},
      {"webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="}};
  for (const char* secret :
       {"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}) {
    EXPECT_EQ(status_of(config_of(VerifierKind::kStandardWebhooks, {secret}), standard,
                        R"({"email":"test@example.com","username":"test_user"})",
                        from_unix_ms(1649367553000)),
              VerifyStatus::kAccepted);
  }
  const HeaderList github = {
      {"X-Hub-Signature-256",
       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}};
  EXPECT_EQ(status_of(config_of(VerifierKind::kGithub, {"It's a Secret to Everybody"}), github,
                      "Hello, World!"),
            VerifyStatus::kAccepted);
}

HeaderList standard_headers(std::string_view signatures) {
  return {{"webhook-id", "msg_1"},
          {"webhook-timestamp", std::to_string(kNowSeconds)},
          {"webhook-signature", std::string(signatures)}};
}

std::string good_standard_signature() {
  return standard_webhooks_signature("s", "msg_1", std::to_string(kNowSeconds), kBody);
}

TEST(Verify, SkipsUnknownVersionsAndFindsTheGoodSignatureAnywhere) {
  const auto config = config_of(VerifierKind::kStandardWebhooks, {"s"});
  const std::string good = good_standard_signature();
  for (const std::string& list :
       {good, "v1a,xyz " + good, "v1,AAAA " + good + " v2,zzz", "junk  " + good + " "}) {
    EXPECT_EQ(status_of(config, standard_headers(list)), VerifyStatus::kAccepted) << list;
  }
  for (const std::string& list :
       {"v2" + good.substr(2), "v1a" + good.substr(2), good.substr(3), good + "=",
        good.substr(0, good.size() - 1), std::string("v1,"), std::string("v1")}) {
    EXPECT_EQ(status_of(config, standard_headers(list)), VerifyStatus::kInvalid) << list;
  }
}

TEST(Verify, RefusesMoreThan20Signatures) {
  const auto config = config_of(VerifierKind::kStandardWebhooks, {"s"});
  std::string list = good_standard_signature();
  for (int i = 1; i < 20; ++i) list += " v1,AAAA";
  EXPECT_EQ(status_of(config, standard_headers(list)), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, standard_headers(list + " v1,AAAA")), VerifyStatus::kInvalid);
}

TEST(Verify, TreatsTheStripeSecretAsBytesAndCountsOnlyV1) {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto config = config_of(VerifierKind::kStripe, {secret});
  const std::string t = std::to_string(kNowSeconds);
  const std::string mac = hmac_hex(secret, t + "." + std::string(kBody));
  const auto with = [](std::string value) { return HeaderList{{"Stripe-Signature", value}}; };
  EXPECT_EQ(status_of(config, with("t=" + t + ",v1=00,v1=" + mac)), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, with("t=" + t + ", v1=" + mac)), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, with("t=" + t + ",v0=" + mac)), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("v1=" + mac)), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("t=" + t + ",t=" + t + ",v1=" + mac)), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("t=" + t)), VerifyStatus::kInvalid);
}

TEST(Verify, RequiresThePrefixWhereTheKindHasOne) {
  const std::string mac = hmac_hex("s", kBody);
  EXPECT_EQ(status_of(config_of(VerifierKind::kGithub, {"s"}), {{"X-Hub-Signature-256", mac}}),
            VerifyStatus::kInvalid);
  for (const std::string& value : {mac, "sha256=" + mac}) {
    EXPECT_EQ(
        status_of(config_of(VerifierKind::kBillionVerify, {"s"}), {{"X-EV-Signature", value}}),
        VerifyStatus::kAccepted);
  }
  EXPECT_EQ(
      status_of(config_of(VerifierKind::kHmac, {"s"}), {{"X-Webhook-Signature", "sha256=" + mac}}),
      VerifyStatus::kInvalid);
}

TEST(Verify, ReadsATemplateWithTimestampAndId) {
  VerifierConfig config = config_of(VerifierKind::kHmac, {"s"});
  config.signed_content = "{id}|{timestamp}|{body}|end";
  config.timestamp_header = "X-Time";
  config.id_header = "X-Id";
  config.encoding = SignatureEncoding::kBase64;
  const std::string t = std::to_string(kNowSeconds);
  const HeaderList headers = {
      {"X-Time", t},
      {"X-Id", "7"},
      {"X-Webhook-Signature", hmac_base64("s", "7|" + t + "|" + std::string(kBody) + "|end")}};
  EXPECT_EQ(status_of(config, headers), VerifyStatus::kAccepted);
}

TEST(Verify, DoesNotReadPlaceholdersOutOfTheRequest) {
  VerifierConfig config = config_of(VerifierKind::kHmac, {"s"});
  config.signed_content = "{id}.{body}";
  config.id_header = "X-Id";
  const HeaderList headers = {{"X-Id", "{body}"},
                              {"X-Webhook-Signature", hmac_hex("s", "{body}.{id}")}};
  EXPECT_EQ(status_of(config, headers, "{id}"), VerifyStatus::kAccepted);
}

TEST(Verify, ChoosesTheKeyOfAStandardSecretAsTold) {
  const std::string secret = "whsec_" + crypto::base64_encode(std::string(32, 'k'));
  const std::string content = "msg_1." + std::to_string(kNowSeconds) + "." + std::string(kBody);
  const auto decoded = standard_headers("v1," + hmac_base64(std::string(32, 'k'), content));
  const auto raw = standard_headers("v1," + hmac_base64(secret, content));
  VerifierConfig config = config_of(VerifierKind::kStandardWebhooks, {secret});
  EXPECT_EQ(status_of(config, decoded), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, raw), VerifyStatus::kInvalid);
  config.secret_encoding = SecretEncoding::kRaw;
  EXPECT_EQ(status_of(config, decoded), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, raw), VerifyStatus::kAccepted);
  config.secret_encoding = SecretEncoding::kBase64;
  EXPECT_EQ(status_of(config, decoded), VerifyStatus::kAccepted);
  config.secrets = {"not base64"};
  EXPECT_EQ(status_of(config, standard_headers("v1," + hmac_base64("not base64", content))),
            VerifyStatus::kInvalid);
}

TEST(Verify, AcceptsAnAsymmetricSignatureOfTheHolderOfThePrivateKey) {
  SeededRandom random(5);
  const auto key = crypto::Ed25519Key::make(random);
  const auto other = crypto::Ed25519Key::make(random);
  const auto config = config_of(VerifierKind::kStandardWebhooks,
                                {"whsec_" + std::string(44, 'A'), to_public_text(key)});
  const auto signed_by = [&](const crypto::Ed25519Key& signer, std::string_view id = "msg_1") {
    return asymmetric_signature(signer, id, std::to_string(kNowSeconds), kBody);
  };
  const auto status = [&](const std::string& value) {
    return status_of(config, standard_headers(value));
  };
  EXPECT_EQ(status(signed_by(key)), VerifyStatus::kAccepted);
  EXPECT_EQ(status("v1,AAAA " + signed_by(other) + " " + signed_by(key)), VerifyStatus::kAccepted);
  EXPECT_EQ(status(signed_by(other)), VerifyStatus::kInvalid);
  EXPECT_EQ(status(signed_by(key, "msg_2")), VerifyStatus::kInvalid);
  EXPECT_EQ(status("v1," + signed_by(key).substr(4)), VerifyStatus::kInvalid);
  EXPECT_EQ(status("v1a,"), VerifyStatus::kInvalid);
  // Each costs a hash of the whole body.
  std::string many = signed_by(key);
  for (int i = 0; i < 4; ++i) many += " " + signed_by(other);
  EXPECT_EQ(status(many), VerifyStatus::kInvalid);
}

TEST(Verify, APublicKeyIsNeverTheKeyOfAMac) {
  SeededRandom random(6);
  const std::string secret = to_public_text(crypto::Ed25519Key::make(random));
  const std::string content = "msg_1." + std::to_string(kNowSeconds) + "." + std::string(kBody);
  for (const auto encoding :
       {SecretEncoding::kAuto, SecretEncoding::kBase64, SecretEncoding::kRaw}) {
    VerifierConfig config = config_of(VerifierKind::kStandardWebhooks, {secret});
    config.secret_encoding = encoding;
    for (const std::string& forged : {secret, *parse_public_key(secret)}) {
      EXPECT_EQ(status_of(config, standard_headers("v1," + hmac_base64(forged, content))),
                VerifyStatus::kInvalid);
    }
  }
}

TEST(Verify, ChecksBasicCredentials) {
  const auto config = config_of(VerifierKind::kBasic, {"ada:open sesame", "bob:x"});
  const auto with = [](std::string value) { return HeaderList{{"authorization", value}}; };
  const std::string good = crypto::base64_encode("ada:open sesame");
  EXPECT_EQ(status_of(config, with("Basic " + good)), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, with("basic " + good)), VerifyStatus::kAccepted);
  EXPECT_EQ(status_of(config, with("Bearer " + good)), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("Basic")), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("Basic !")), VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, with("Basic " + crypto::base64_encode("ada:"))),
            VerifyStatus::kInvalid);
  EXPECT_EQ(status_of(config, {}), VerifyStatus::kMissing);
}

TEST(Verify, AcceptsEverythingOnlyWithTheKindNone) {
  EXPECT_EQ(status_of(default_verifier(VerifierKind::kNone), {}), VerifyStatus::kAccepted);
}

}  // namespace
}  // namespace verihook::webhooks
