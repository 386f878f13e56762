#include "delivery/schedule.h"

#include <gtest/gtest.h>

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = *parse_iso8601("2026-01-15T10:30:00Z");

TEST(Schedule, TakesTheDelayOfTheAttemptWithinItsJitter) {
  SeededRandom random(1);
  const auto schedule = model::default_endpoint_schedule();
  for (std::int64_t number = 1; number <= 7; ++number) {
    const Milliseconds delay = schedule[static_cast<std::size_t>(number - 1)];
    Milliseconds least = Milliseconds::max();
    Milliseconds most{0};
    for (int i = 0; i < 500; ++i) {
      const auto at = next_attempt(schedule, number, kNow, std::nullopt, random);
      ASSERT_TRUE(at);
      least = std::min(least, *at - kNow);
      most = std::max(most, *at - kNow);
    }
    EXPECT_GE(least, delay * 8 / 10);
    EXPECT_LE(most, delay * 12 / 10);
    EXPECT_LT(least, delay * 85 / 100);
    EXPECT_GT(most, delay * 115 / 100);
  }
}

TEST(Schedule, EndsAfterItsLastDelay) {
  SeededRandom random(1);
  EXPECT_FALSE(next_attempt(model::default_endpoint_schedule(), 8, kNow, 5s, random));
  EXPECT_FALSE(next_attempt({}, 1, kNow, std::nullopt, random));
}

TEST(Schedule, AHintIsHeededWhenItIsLaterAndNeverBeyondTwelveHours) {
  SeededRandom random(1);
  const std::vector<Milliseconds> schedule = {1min};
  EXPECT_EQ(*next_attempt(schedule, 1, kNow, 2h, random), kNow + 2h);
  EXPECT_EQ(*next_attempt(schedule, 1, kNow, 48h, random), kNow + 12h);
  EXPECT_GE(*next_attempt(schedule, 1, kNow, 1s, random), kNow + 48s);
  EXPECT_GE(*next_attempt(schedule, 1, kNow, -1h, random), kNow + 48s);
}

TEST(Schedule, AnEmptyOneAllowsNoRetryAtAll) {
  SeededRandom random(1);
  EXPECT_FALSE(next_attempt({}, 1, kNow, std::nullopt, random));
  EXPECT_FALSE(next_attempt({}, 1, kNow, 5s, random));
}

TEST(RetryAfter, IsSecondsOrADateInAnyFormOfHttp) {
  struct Case {
    std::string_view header;
    std::optional<Milliseconds> expected;
  };
  const Case cases[] = {
      {"120", 120s},
      {" 0 ", 0s},
      {"99999999", 12h},
      {"99999999999999999999999999", 12h},
      {"Thu, 15 Jan 2026 10:31:30 GMT", 90s},
      {"Thursday, 15-Jan-26 10:31:30 GMT", 90s},
      {"Thu Jan 15 10:31:30 2026", 90s},
      {"Thu, 15 Jan 2026 10:00:00 GMT", 0s},
      {"Fri, 15 Jan 2027 10:00:00 GMT", 12h},
      {"", std::nullopt},
      {"-5", std::nullopt},
      {"1.5", std::nullopt},
      {"soon", std::nullopt},
      {"Thu, 15 Jan 2026 10:31:30 GMT and more", std::nullopt},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(parse_retry_after(test.header, kNow), test.expected) << test.header;
  }
}

}  // namespace
}  // namespace verihook::delivery
