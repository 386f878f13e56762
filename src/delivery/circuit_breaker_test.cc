#include "delivery/circuit_breaker.h"

#include <gtest/gtest.h>

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1000s};

TEST(CircuitBreaker, OpensAfterFiveFailuresInARowAndNotBefore) {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) breaker.on_failure(kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::kClosed);
  breaker.on_success();
  for (int i = 0; i < 4; ++i) breaker.on_failure(kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::kClosed);
  breaker.on_failure(kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::kOpen);
  EXPECT_EQ(breaker.limit(kStart, 10), 0);
  EXPECT_EQ(breaker.open_until(kStart), kStart + 60s);
}

TEST(CircuitBreaker, LetsOneProbeThroughAfterAMinuteAndWaitsAgainWhenItFails) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.on_failure(kStart);
  EXPECT_EQ(breaker.limit(kStart + 59s, 10), 0);
  EXPECT_EQ(breaker.state(kStart + 60s), BreakerState::kHalfOpen);
  EXPECT_EQ(breaker.limit(kStart + 60s, 10), 1);
  breaker.on_failure(kStart + 75s);
  EXPECT_EQ(breaker.open_until(kStart + 75s), kStart + 135s);
}

TEST(CircuitBreaker, RampsUpAfterAProbeThatSucceeds) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.on_failure(kStart);
  std::vector<int> limits;
  for (int i = 0; i < 5; ++i) {
    limits.push_back(breaker.limit(kStart + 60s, 10));
    breaker.on_success();
  }
  EXPECT_EQ(limits, (std::vector<int>{1, 2, 4, 8, 10}));
}

TEST(CircuitBreaker, AnUnknownEndpointStartsAtTheBottomOfTheRamp) {
  CircuitBreaker breaker;
  EXPECT_FALSE(breaker.last_success());
  EXPECT_EQ(breaker.limit(kStart, 10), 1);
  breaker.on_success();
  EXPECT_EQ(breaker.limit(kStart, 10), 2);
  EXPECT_EQ(breaker.limit(kStart, 1), 1);
}

TEST(CircuitBreaker, AFailureFromBeforeItOpenedDoesNotProlongTheWait) {
  CircuitBreaker breaker;
  for (int i = 0; i < 5; ++i) breaker.on_failure(kStart);
  breaker.on_failure(kStart + 10s);
  EXPECT_EQ(breaker.open_until(kStart + 10s), kStart + 60s);
  EXPECT_EQ(breaker.failures_in_a_row(), 6);
}

}  // namespace
}  // namespace verihook::delivery
