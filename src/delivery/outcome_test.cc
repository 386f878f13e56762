#include "delivery/outcome.h"

#include <gtest/gtest.h>

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = *parse_iso8601("2026-01-15T10:30:00Z");

model::Destination two_tries_more() {
  model::Destination destination;
  destination.options.retry_schedule = {10s, 20s};
  return destination;
}

AttemptResult accepted(int status_code) {
  AttemptResult result;
  result.success = true;
  result.status_code = status_code;
  return result;
}

AttemptResult failed(int status_code, bool retryable = true) {
  AttemptResult result;
  result.status_code = status_code;
  result.retryable = retryable;
  result.gone = status_code == 410;
  return result;
}

TEST(Outcome, FollowsTheTable) {
  struct Case {
    const char* name;
    AttemptResult result;
    std::int64_t attempt_number;
    Verdict verdict;
    bool disables;
  };
  const Case cases[] = {
      {"success", accepted(204), 1, Verdict::kDelivered, false},
      {"success at the last try", accepted(200), 3, Verdict::kDelivered, false},
      {"failure", failed(500), 1, Verdict::kRetry, false},
      {"failure at the second try", failed(302), 2, Verdict::kRetry, false},
      {"exhausted", failed(500), 3, Verdict::kDead, false},
      {"cannot pass", failed(400, false), 1, Verdict::kDead, false},
      {"gone keeps its queue", failed(410), 1, Verdict::kRetry, true},
      {"gone at the last try", failed(410), 3, Verdict::kDead, true},
  };
  SeededRandom random(1);
  for (const Case& test : cases) {
    const Decision decision =
        decide(test.result, test.attempt_number, two_tries_more(), std::nullopt, kNow, random);
    EXPECT_EQ(decision.verdict, test.verdict) << test.name;
    EXPECT_EQ(decision.disable_destination, test.disables) << test.name;
    EXPECT_EQ(decision.disable_reason.empty(), !test.disables) << test.name;
    EXPECT_EQ(decision.failing_since.has_value(), !test.result.success) << test.name;
    if (test.verdict == Verdict::kRetry) {
      EXPECT_GT(decision.next_attempt_at, kNow);
    }
  }
}

TEST(Outcome, AnEmptyScheduleMeansNoRetry) {
  SeededRandom random(1);
  model::Destination destination;
  EXPECT_EQ(decide(failed(500), 1, destination, std::nullopt, kNow, random).verdict,
            Verdict::kRetry);
  destination.options.retry_schedule.clear();
  EXPECT_EQ(decide(failed(500), 1, destination, std::nullopt, kNow, random).verdict,
            Verdict::kDead);
  EXPECT_EQ(decide(accepted(200), 1, destination, std::nullopt, kNow, random).verdict,
            Verdict::kDelivered);
}

TEST(Outcome, TheHintOfTheReceiverIsHeeded) {
  SeededRandom random(1);
  AttemptResult busy = failed(429);
  busy.retry_after = 1h;
  EXPECT_EQ(decide(busy, 1, two_tries_more(), std::nullopt, kNow, random).next_attempt_at,
            kNow + 1h);
}

TEST(Outcome, FiveDaysOfFailureDisable) {
  SeededRandom random(1);
  const AttemptResult failure = failed(500);
  const auto destination = two_tries_more();
  EXPECT_FALSE(decide(failure, 1, destination, kNow - 119h, kNow, random).disable_destination);
  const Decision decision = decide(failure, 1, destination, kNow - 120h, kNow, random);
  EXPECT_TRUE(decision.disable_destination);
  EXPECT_EQ(decision.verdict, Verdict::kRetry);
  EXPECT_EQ(decision.failing_since, kNow - 120h);
}

TEST(Outcome, TheRowOfFailuresIsReadBackFromTheDestination) {
  model::Destination destination;
  EXPECT_FALSE(failing_since_of(destination));
  destination.state_reason = failing_reason(kNow);
  EXPECT_EQ(failing_since_of(destination), kNow);
  destination.state = model::DestinationState::kDisabled;
  EXPECT_FALSE(failing_since_of(destination));
  destination.state = model::DestinationState::kActive;
  destination.state_reason = "resumed by its owner";
  EXPECT_FALSE(failing_since_of(destination));
}

}  // namespace
}  // namespace verihook::delivery
