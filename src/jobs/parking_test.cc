#include "jobs/parking.h"

#include <gtest/gtest.h>

#include "verification/sandbox.h"

namespace verihook::jobs {
namespace {

using namespace std::chrono_literals;

const verification::Patience kTwice{.delays = {5min, 20min}};
constexpr WallTime kNow{};

model::Verdict verdict_of(model::Reason reason) {
  model::Verdict verdict;
  verdict.reason = reason;
  verdict.domain = "example.com";
  return verdict;
}

TEST(Parking, AsksAgainWhileThereIsPatienceLeftAndThenWithoutWaiting) {
  const auto verdict = verdict_of(model::Reason::kGreylisted);
  EXPECT_EQ(ask_again_at(kTwice, {}, verdict, 0, kNow), kNow + 5min);
  EXPECT_EQ(ask_again_at(kTwice, {}, verdict, 1, kNow), kNow + 20min);
  EXPECT_EQ(ask_again_at(kTwice, {}, verdict, 2, kNow), std::nullopt);
  EXPECT_EQ(options_of_try(kTwice, {}, 1).greylist, model::Greylist::kWait);
  EXPECT_EQ(options_of_try(kTwice, {}, 2).greylist, model::Greylist::kSkip);
}

TEST(Parking, TakesTheAnswerWhenNobodyWantsToWaitOrWaitingIsOfNoUse) {
  auto verdict = verdict_of(model::Reason::kGreylisted);
  model::JobOptions in_a_hurry;
  in_a_hurry.greylist = model::Greylist::kSkip;
  EXPECT_EQ(ask_again_at(kTwice, in_a_hurry, verdict, 0, kNow), std::nullopt);
  EXPECT_EQ(ask_again_at(kTwice, {}, verdict_of(model::Reason::kRejectedEmail), 0, kNow),
            std::nullopt);
  verdict.domain = verification::kSandboxDomain;
  EXPECT_EQ(ask_again_at(kTwice, {}, verdict, 0, kNow), std::nullopt);
}

}  // namespace
}  // namespace verihook::jobs
