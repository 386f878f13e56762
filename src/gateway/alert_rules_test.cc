#include "gateway/alert_rules.h"

#include <vector>

#include <gtest/gtest.h>

namespace verihook::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(AlertRules, AShareIsBadAboveItsLimitAndGoodAtHalfOfIt) {
  EXPECT_EQ(judge_share(11, 100, 20, 0.1), Figure::kBad);
  EXPECT_EQ(judge_share(10, 100, 20, 0.1), Figure::kBetween);
  EXPECT_EQ(judge_share(6, 100, 20, 0.1), Figure::kBetween);
  EXPECT_EQ(judge_share(5, 100, 20, 0.1), Figure::kGood);
  EXPECT_EQ(judge_share(19, 19, 20, 0.1), Figure::kBetween);
  EXPECT_EQ(judge_share(0, 0, 0, 0.1), Figure::kBetween);
}

TEST(AlertRules, LatenessAndDeadLettersHaveLimits) {
  EXPECT_EQ(judge_lateness(minutes{2}, minutes{1}), Figure::kBad);
  EXPECT_EQ(judge_lateness(minutes{1}, minutes{1}), Figure::kBetween);
  EXPECT_EQ(judge_lateness(Milliseconds{30'000}, minutes{1}), Figure::kGood);
  EXPECT_EQ(judge_dead_letters(0, 0), Figure::kGood);
  EXPECT_EQ(judge_dead_letters(1, 0), Figure::kBad);
}

std::vector<WallTime> every(Milliseconds gap, int count) {
  std::vector<WallTime> times;
  for (int i = 0; i < count; ++i) times.push_back(from_unix_ms(1'700'000'000'000) - gap * i);
  return times;
}

TEST(AlertRules, ASourceIsSilentAfterLongerThanItsLongestPause) {
  const AlertLimits limits;
  EXPECT_EQ(silence_after(every(minutes{1}, 50), std::nullopt, limits), hours{24});
  EXPECT_EQ(silence_after(every(hours{10}, 50), std::nullopt, limits), hours{30});
  EXPECT_EQ(silence_after(every(minutes{1}, 4), std::nullopt, limits), std::nullopt);
  EXPECT_EQ(silence_after({}, std::nullopt, limits), std::nullopt);
  AlertLimits off;
  off.silence_factor = 0;
  EXPECT_EQ(silence_after(every(minutes{1}, 50), std::nullopt, off), std::nullopt);
}

TEST(AlertRules, WhatItsOwnerSaysOfASilenceCounts) {
  const AlertLimits limits;
  EXPECT_EQ(silence_after(every(hours{10}, 50), Milliseconds{minutes{5}}, limits), minutes{5});
  EXPECT_EQ(silence_after(every(hours{10}, 50), Milliseconds{0}, limits), std::nullopt);
  EXPECT_EQ(silence_after({}, Milliseconds{minutes{5}}, limits), std::nullopt);
}

}  // namespace
}  // namespace verihook::gateway
