#include "webhooks/library/webhooks.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "model/event.h"
#include "webhooks/payload.h"

namespace verihook::webhooks::v1 {
namespace {

constexpr Time kNow{std::chrono::milliseconds{1'767'225'600'500}};
constexpr std::string_view kBody = R"({"event_type":"bulk.completed"})";
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Status status_of(std::string_view kind, std::vector<std::string> secrets, const Headers& headers,
                 std::string_view body = kBody, Time arrival = kNow) {
  return Verifier::make(kind, std::move(secrets))->check(headers, body, arrival).status;
}

TEST(Library, ChecksWhatItSigns) {
  const auto signer = Signer::make({.secrets = {"new secret", kSecret}}).value();
  const Headers headers = signer.sign("evt_1", kBody, kNow);
  for (const std::string& secret : {std::string("new secret"), kSecret}) {
    EXPECT_EQ(status_of("standard-webhooks", {secret}, headers), Status::kAccepted);
  }
  for (const char* kind : {"hmac", "billionverify"}) {
    EXPECT_EQ(status_of(kind, {"new secret"}, headers), Status::kAccepted);
    EXPECT_EQ(status_of(kind, {"another"}, headers), Status::kInvalid);
    EXPECT_EQ(status_of(kind, {"new secret"}, headers, "{}"), Status::kInvalid);
    EXPECT_EQ(status_of(kind, {"new secret"}, {}), Status::kMissing);
  }
  const auto checked =
      Verifier::make("standard-webhooks", {kSecret})->check(headers, kBody, kNow + kTolerance);
  EXPECT_TRUE(checked.accepted()) << checked.detail;
  EXPECT_EQ(checked.signed_id, "evt_1");
  EXPECT_EQ(checked.signed_at, std::chrono::floor<std::chrono::seconds>(kNow));
  EXPECT_EQ(status_of("standard-webhooks", {kSecret}, headers, kBody,
                      kNow + kTolerance + std::chrono::seconds{2}),
            Status::kStale);
}

TEST(Library, SignsWithAPrivateKeyAndChecksWithThePublicOne) {
  const KeyPair pair = generate_key_pair();
  const auto signer = Signer::make({.secrets = {pair.private_key}}).value();
  const Headers headers = signer.sign("evt_1", kBody, kNow);
  EXPECT_EQ(status_of("standard-webhooks", {pair.public_key}, headers), Status::kAccepted);
  EXPECT_EQ(status_of("standard-webhooks", {generate_key_pair().public_key}, headers),
            Status::kInvalid);
  EXPECT_FALSE(Signer::make({.secrets = {pair.public_key}}));
  EXPECT_FALSE(Verifier::make("standard-webhooks", {pair.private_key}));
}

TEST(Library, TakesNameAndPrefixOfTheHexHeader) {
  const auto signer = Signer::make({.secrets = {generate_secret()},
                                    .hex_header = "X-Hub-Signature-256",
                                    .hex_prefix = "sha256=",
                                    .billionverify_header = false})
                          .value();
  const Headers headers = signer.sign("evt_1", kBody, kNow);
  EXPECT_EQ(headers.size(), 4U);
  EXPECT_EQ(headers.front().first, "X-Hub-Signature-256");
  EXPECT_TRUE(headers.front().second.starts_with("sha256="));
}

TEST(Library, RefusesWhatCannotBeASecretOrAVerifier) {
  EXPECT_FALSE(Signer::make({}));
  EXPECT_FALSE(Signer::make({.secrets = {""}}));
  EXPECT_EQ(Verifier::make("hmac", {}).error().message,
            R"("verifier.secrets" must be a list of 1 to 10 strings.)");
  EXPECT_FALSE(Verifier::make("hmac", {""}));
  EXPECT_FALSE(Verifier::make("hmac2", {"s"}));
  EXPECT_FALSE(Verifier::make("hmac", {"s"}, std::chrono::seconds{-1}));
  EXPECT_FALSE(Verifier::from_json("{"));
  EXPECT_FALSE(Verifier::from_json(R"({"kind":"hmac","secrets":["s"],"signed_content":"{}"})"));
}

TEST(Library, ChecksAsAnyProviderSigns) {
  const auto verifier = Verifier::from_json(
      R"({"kind":"hmac","header":"X-Sig","secrets":["It's a Secret to Everybody"],)"
      R"("prefix":"sha256="})");
  ASSERT_TRUE(verifier);
  // The vector that GitHub publishes.
  const std::string mac = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_TRUE(verifier->check({{"x-sig", "sha256=" + mac}}, "Hello, World!").accepted());
  EXPECT_FALSE(verifier->check({{"x-sig", mac}}, "Hello, World!").accepted());
}

TEST(Library, SaysWhyASignatureIsNotRight) {
  const auto signer = Signer::make({.secrets = {"secret"}}).value();
  const auto verifier = Verifier::make("hmac", {"secret\n"}).value();
  const auto diagnosis = verifier.diagnose(signer.sign("evt_1", kBody, kNow), kBody, kNow);
  EXPECT_EQ(diagnosis.cause, "secret_white_space");
  EXPECT_TRUE(diagnosis.sentence.starts_with("The signature is right when")) << diagnosis.sentence;
}

Event parse_sample(std::string_view type) {
  const std::string tail = sample_tail(type, kNow).value();
  const EventHead head{type, "evt_1", "default", type.starts_with("bulk.") ? "job_1" : ""};
  auto event = parse_event(render(head, tail, kNow + std::chrono::seconds{5}));
  EXPECT_TRUE(event) << type << ": " << (event ? "" : event.error().message);
  return event.value_or(Event{});
}

TEST(LibraryPayload, IsReadWhateverTheServerSends) {
  for (const std::string_view type : model::event_type::kAll) {
    const Event event = parse_sample(type);
    EXPECT_EQ(event.event_type, type);
    EXPECT_EQ(event.webhook_id, "evt_1");
    EXPECT_EQ(event.tenant_id, "default");
    EXPECT_EQ(event.job_id.has_value(), type.starts_with("bulk."));
    EXPECT_EQ(event.created_at, kNow) << type;
    EXPECT_EQ(event.timestamp, kNow + std::chrono::seconds{5});
    EXPECT_FALSE(std::holds_alternative<OtherEvent>(event.data)) << type;
  }
}

TEST(LibraryPayload, OfAJobHasItsFigures) {
  const Event completed = parse_sample("bulk.completed");
  EXPECT_EQ(completed.metadata, R"({"campaign":"spring"})");
  const auto& done = std::get<BulkCompleted>(completed.data);
  EXPECT_EQ(done.summary.total, 1000);
  EXPECT_EQ(done.summary.valid + done.summary.invalid + done.summary.risky + done.summary.unknown,
            done.summary.total);
  EXPECT_EQ(done.summary.duplicates, 7);
  EXPECT_EQ(done.processing_time_ms, 45'000);
  EXPECT_TRUE(done.download_url.starts_with("https://")) << done.download_url;

  const Event moving = parse_sample("bulk.progress");
  const auto& progress = std::get<BulkProgress>(moving.data);
  EXPECT_EQ(progress.percent_complete, 25);
  EXPECT_EQ(progress.estimated_completion, kNow + std::chrono::minutes{2});

  const Event broken = parse_sample("bulk.failed");
  const auto& failed = std::get<BulkFailed>(broken.data);
  EXPECT_EQ(failed.error_code, "PROCESSING_ERROR");
  EXPECT_TRUE(failed.partial_results_available);
  EXPECT_TRUE(failed.download_url);
}

TEST(LibraryPayload, OfAVerificationHoldsItsResultAsJson) {
  const Event event = parse_sample("verification.completed");
  const auto& done = std::get<VerificationCompleted>(event.data);
  EXPECT_TRUE(done.result.starts_with(R"({"email":"ada@example.com",)")) << done.result;
}

TEST(LibraryPayload, ForOperatorsHasItsFigures) {
  const Event dead = parse_sample("delivery.dead_lettered");
  EXPECT_EQ(std::get<DeliveryDeadLettered>(dead.data).attempt_count, 8);
  EXPECT_EQ(std::get<DeliveryDeadLettered>(dead.data).last_status_code, 500);
  EXPECT_EQ(std::get<SourceRejecting>(parse_sample("source.rejecting").data).window_s, 300);
  const Event raised = parse_sample("alert.raised");
  EXPECT_EQ(std::get<Alert>(raised.data).value, 0.15);
  EXPECT_FALSE(std::get<Alert>(raised.data).subject);
}

TEST(LibraryPayload, OfATypeThatIsNotKnownIsReadToo) {
  const auto event = parse_event(
      R"({"event_type":"bulk.paused","webhook_id":"evt_1","timestamp":"2026-01-01T00:00:00Z",)"
      R"("more":[1]})");
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::holds_alternative<OtherEvent>(event->data));
  EXPECT_EQ(event->metadata, "{}");
}

TEST(LibraryPayload, IsRefusedByTheNameOfTheMemberThatIsWrong) {
  const std::string begin = R"({"event_type":"bulk.completed","timestamp":"2026-01-01T00:00:00Z")";
  const auto message = [](const std::string& body) {
    const auto event = parse_event(body);
    return event ? "none" : event.error().message;
  };
  EXPECT_EQ(message(begin + "}"), "\"webhook_id\" must be there.");
  EXPECT_EQ(message(begin + R"(,"webhook_id":7})"), "\"webhook_id\" must be a string.");
  EXPECT_EQ(message(begin + R"(,"webhook_id":"e","summary":{"total":"1"}})"),
            "\"summary.total\" must be a whole number.");
  EXPECT_EQ(message(begin + R"(,"webhook_id":"e","created_at":"yesterday"})"),
            "\"created_at\" must be a time in ISO 8601.");
  EXPECT_EQ(message("[]"), "The payload must be a JSON object.");
  EXPECT_NE(message(begin + R"(,"timestamp":1})"), "none");  // the same key twice
  EXPECT_NE(message("{"), "none");
}

TEST(Library, KnowsWhichTimestampsAreNearEnough) {
  EXPECT_TRUE(is_timestamp_valid(kNow - kTolerance, kNow));
  EXPECT_TRUE(is_timestamp_valid(kNow + kTolerance, kNow));
  EXPECT_FALSE(is_timestamp_valid(kNow - kTolerance - std::chrono::milliseconds{1}, kNow));
  EXPECT_FALSE(is_timestamp_valid(kNow + kTolerance + std::chrono::milliseconds{1}, kNow));
  EXPECT_FALSE(is_timestamp_valid(Time{}));
}

}  // namespace
}  // namespace verihook::webhooks::v1
