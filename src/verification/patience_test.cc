#include "verification/patience.h"

#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'000'000'000s};

TEST(Patience, FollowsItsListWhereNoTimeIsNamed) {
  const Patience patience;
  EXPECT_EQ(next_try(patience, 1, {}, kNow), kNow + 6min);
  EXPECT_EQ(next_try(patience, 2, {}, kNow), kNow + 20min);
  EXPECT_EQ(next_try(patience, 3, {}, kNow), kNow + 75min);
  EXPECT_EQ(next_try(patience, 4, {}, kNow), std::nullopt);
  EXPECT_EQ(next_try(Patience{{}}, 1, {}, kNow), std::nullopt);
}

TEST(Patience, WaitsAFifthLongerThanTheServerSaidAndSixHoursAtMost) {
  const Patience patience;
  EXPECT_EQ(next_try(patience, 1, kNow + 5min, kNow), kNow + 6min);
  EXPECT_EQ(next_try(patience, 3, kNow + 10s, kNow), kNow + 12s);
  EXPECT_EQ(next_try(patience, 1, kNow + 24h, kNow), kNow + 6h);
  EXPECT_EQ(next_try(patience, 1, kNow - 1s, kNow), kNow + 6min);
  EXPECT_EQ(next_try(patience, 4, kNow + 10s, kNow), std::nullopt);
}

TEST(Patience, IsForThoseWhoSayLater) {
  EXPECT_TRUE(asks_for_patience(model::Reason::kGreylisted));
  EXPECT_TRUE(asks_for_patience(model::Reason::kThrottled));
  EXPECT_FALSE(asks_for_patience(model::Reason::kTimeout));
  EXPECT_FALSE(asks_for_patience(model::Reason::kRejectedEmail));
}

}  // namespace
}  // namespace verihook::verification
