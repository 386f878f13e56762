#include "webhooks/body_timestamp.h"

#include <gtest/gtest.h>

#include "webhooks/strict_json.h"

namespace verihook::webhooks {
namespace {

const WallTime kNow = *parse_iso8601("2026-01-15T10:30:00.000Z");

BodyTimestamp check(std::string_view body, bool required = false) {
  return check_body_timestamp(parse_strict_json(body).value(), kNow, {.required = required});
}

TEST(BodyTimestamp, AcceptsTheToleranceInBothDirections) {
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T10:30:00Z"})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T10:25:00Z"})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T10:35:00.000Z"})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T11:30:00+01:00"})"), BodyTimestamp::kOk);
}

TEST(BodyTimestamp, IsStaleBeyondItInBothDirections) {
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T10:24:59.999Z"})"), BodyTimestamp::kStale);
  EXPECT_EQ(check(R"({"timestamp":"2026-01-15T10:35:00.001Z"})"), BodyTimestamp::kStale);
  EXPECT_EQ(check(R"({"timestamp":0})"), BodyTimestamp::kStale);
}

TEST(BodyTimestamp, ReadsSecondsAndMillisecondsSince1970) {
  EXPECT_EQ(check(R"({"timestamp":1768473000})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":1768473000.5})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":1768473000000})"), BodyTimestamp::kOk);
  EXPECT_EQ(check(R"({"timestamp":1768472699})"), BodyTimestamp::kStale);
}

TEST(BodyTimestamp, IsMissedOnlyWhereItIsRequired) {
  for (const char* body : {"{}", R"({"timestamp":null})", "[]", "1"}) {
    EXPECT_EQ(check(body), BodyTimestamp::kOk) << body;
    EXPECT_EQ(check(body, true), BodyTimestamp::kMissing) << body;
  }
}

TEST(BodyTimestamp, IsMalformedWhenItIsNoTime) {
  for (const char* body : {R"({"timestamp":"yesterday"})", R"({"timestamp":""})",
                           R"({"timestamp":true})", R"({"timestamp":{}})", R"({"timestamp":-1})",
                           R"({"timestamp":1e300})", R"({"timestamp":"1768473000"})"}) {
    EXPECT_EQ(check(body), BodyTimestamp::kMalformed) << body;
  }
}

TEST(BodyTimestamp, CanHaveAnotherName) {
  const auto body = parse_strict_json(R"({"sent_at":1,"timestamp":1768473000})").value();
  EXPECT_EQ(check_body_timestamp(body, kNow, {.member = "sent_at"}), BodyTimestamp::kStale);
}

}  // namespace
}  // namespace verihook::webhooks
