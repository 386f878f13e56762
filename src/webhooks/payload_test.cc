#include "webhooks/payload.h"

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::webhooks {
namespace {

const WallTime kCreated = *parse_iso8601("2026-01-15T10:30:00.000Z");
const WallTime kAttempt = *parse_iso8601("2026-01-15T10:35:07.250Z");
constexpr model::Summary kSummary{.total = 10,
                                  .valid = 6,
                                  .invalid = 2,
                                  .risky = 1,
                                  .unknown = 1,
                                  .disposable = 1,
                                  .catch_all = 0,
                                  .role = 3,
                                  .free = 4,
                                  .duplicates = 5};
#define SUMMARY_JSON                                                      \
  R"("summary":{"total":10,"valid":6,"invalid":2,"risky":1,"unknown":1,)" \
  R"("disposable":1,"catch_all":0,"role":3,"free":4,"duplicates":5},)"

constexpr EventHead kHead{.event_type = model::event_type::kBulkCompleted,
                          .webhook_id = "evt_1",
                          .tenant_id = "ten_1",
                          .job_id = "job_1"};

TEST(Payload, OfBulkCompletedHasTheKeysOfTheContractInOrder) {
  const std::string tail = tail_of(BulkCompleted{.summary = kSummary,
                                                 .processing_time_ms = 45000,
                                                 .download_url = "https://v.example/v1/x",
                                                 .metadata = R"({"k":"v"})",
                                                 .created_at = kCreated});
  EXPECT_EQ(render(kHead, tail, kAttempt),
            R"({"event_type":"bulk.completed","webhook_id":"evt_1","tenant_id":"ten_1",)"
            R"("job_id":"job_1","timestamp":"2026-01-15T10:35:07.250Z",)"
            R"("status":"completed",)" SUMMARY_JSON
            R"("processing_time_ms":45000,"download_url":"https://v.example/v1/x",)"
            R"("metadata":{"k":"v"},"created_at":"2026-01-15T10:30:00.000Z"})");
}

TEST(Payload, OfBulkProgressHasTheKeysOfTheContractInOrder) {
  BulkProgress progress{.processed_count = 10,
                        .total_count = 81,
                        .estimated_completion = kAttempt,
                        .summary = kSummary,
                        .created_at = kCreated};
  EXPECT_EQ(
      tail_of(progress),
      R"("status":"processing","processed_count":10,"total_count":81,)"
      R"("percent_complete":12.3,"estimated_completion":"2026-01-15T10:35:07.250Z",)" SUMMARY_JSON
      R"("metadata":{},"created_at":"2026-01-15T10:30:00.000Z")");
  progress.estimated_completion.reset();
  EXPECT_NE(tail_of(progress).find(R"("estimated_completion":null,)"), std::string::npos);
}

TEST(Payload, OfBulkFailedHasTheKeysOfTheContractInOrder) {
  BulkFailed failed{.error_code = std::string(to_string(BulkErrorCode::kEgressBlocked)),
                    .error_message = "Port 25 is blocked.",
                    .partial_results_available = true,
                    .processed_count = 5,
                    .total_count = 10,
                    .download_url = "https://v.example/x",
                    .created_at = kCreated};
  EXPECT_EQ(tail_of(failed),
            R"("status":"failed","error_code":"EGRESS_BLOCKED",)"
            R"("error_message":"Port 25 is blocked.","partial_results_available":true,)"
            R"("processed_count":5,"total_count":10,"download_url":"https://v.example/x",)"
            R"("metadata":{},"created_at":"2026-01-15T10:30:00.000Z")");
  failed.download_url.reset();
  EXPECT_NE(tail_of(failed).find(R"("download_url":null,)"), std::string::npos);
}

TEST(Payload, OfVerificationCompletedHasNoJob) {
  const std::string tail = tail_of(VerificationCompleted{.verification_id = "ver_1",
                                                         .result = R"({"email":"a@example.com"})",
                                                         .created_at = kCreated});
  const EventHead head{.event_type = model::event_type::kVerificationCompleted,
                       .webhook_id = "evt_2",
                       .tenant_id = "ten_1",
                       .job_id = ""};
  EXPECT_EQ(render(head, tail, kAttempt),
            R"({"event_type":"verification.completed","webhook_id":"evt_2","tenant_id":"ten_1",)"
            R"("job_id":null,"timestamp":"2026-01-15T10:35:07.250Z","verification_id":"ver_1",)"
            R"("result":{"email":"a@example.com"},"metadata":{},)"
            R"("created_at":"2026-01-15T10:30:00.000Z"})");
}

TEST(Payload, HeadOfAnEventNamesItsJobAndNoVerification) {
  model::Event event;
  event.job_id = "job_01arz3ndektsv4rrffq69g5fav";
  EXPECT_EQ(head_of(event).job_id, event.job_id);
  event.job_id = "ver_01arz3ndektsv4rrffq69g5fav";
  EXPECT_EQ(head_of(event).job_id, "");
}

TEST(Payload, ChangesWithTheAttemptInItsTimestampAlone) {
  const std::string tail = tail_of(WebhookTest{.endpoint_id = "wh_1", .message = "hi"});
  const std::string first = render(kHead, tail, kCreated);
  std::string second = render(kHead, tail, kAttempt);
  const std::string time = to_iso8601(kAttempt);
  second.replace(second.find(time), time.size(), to_iso8601(kCreated));
  EXPECT_EQ(first, second);
}

TEST(Payload, TakesItsHeadFromTheStoredEvent) {
  model::Event event;
  event.id = "evt_9";
  event.type = "webhook.test";
  event.tenant_id = "ten_9";
  const EventHead head = head_of(event);
  EXPECT_EQ(head.webhook_id, "evt_9");
  EXPECT_EQ(head.event_type, "webhook.test");
  EXPECT_EQ(head.tenant_id, "ten_9");
  EXPECT_EQ(head.job_id, "");
}

TEST(Payload, OfEveryTypeHasASampleThatIsAFixedPointOfJavaScript) {
  for (const std::string_view type : model::event_type::kAll) {
    const auto tail = sample_tail(type, kCreated);
    ASSERT_TRUE(tail) << type;
    EventHead head = kHead;
    head.event_type = type;
    const std::string body = render(head, *tail, kAttempt);
    const auto parsed = parse_strict_json(body);
    ASSERT_TRUE(parsed) << body;
    EXPECT_EQ(canonical(*parsed), body);
    EXPECT_EQ(parsed->at("created_at").as_string(), "2026-01-15T10:30:00.000Z");
  }
  EXPECT_FALSE(sample_tail("bulk.unheard_of", kCreated));
}

TEST(PercentComplete, IsRoundedDownToOneDecimal) {
  EXPECT_EQ(percent_complete(0, 3), 0);
  EXPECT_EQ(percent_complete(1, 3), 33.3);
  EXPECT_EQ(percent_complete(2, 3), 66.6);
  EXPECT_EQ(percent_complete(3, 3), 100);
  EXPECT_EQ(percent_complete(99'999'999, 100'000'000), 99.9);
  EXPECT_EQ(percent_complete(4, 3), 100);
  EXPECT_EQ(percent_complete(0, 0), 100);
}

}  // namespace
}  // namespace verihook::webhooks
