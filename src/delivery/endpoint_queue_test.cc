#include "delivery/endpoint_queue.h"

#include <gtest/gtest.h>

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1000s};

HeldDelivery held(std::string id, std::string job = "") {
  HeldDelivery result;
  result.delivery.id = std::move(id);
  result.delivery.job_id = std::move(job);
  result.event = std::make_shared<const model::Event>();
  return result;
}

model::DeliveryOptions limits(int max_in_flight, double rate_per_second = 0, bool ordered = false) {
  model::DeliveryOptions options;
  options.max_in_flight = max_in_flight;
  options.rate_per_second = rate_per_second;
  options.ordered = ordered;
  return options;
}

// A queue that has answered well before, so that the ramp is not in the way.
EndpointQueue proven(model::DeliveryOptions options) {
  EndpointQueue queue;
  queue.configure(options, 32);
  for (int i = 0; i < 8; ++i) queue.breaker().on_success();
  return queue;
}

TEST(EndpointQueue, RunsNoMoreAtOnceThanItMay) {
  EndpointQueue queue = proven(limits(2));
  for (const char* id : {"a", "b", "c"}) EXPECT_TRUE(queue.push(held(id)));
  EXPECT_FALSE(queue.push(held("a")));
  const auto first = queue.start_next(kStart);
  const auto second = queue.start_next(kStart);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->delivery.id, "a");
  EXPECT_FALSE(queue.start_next(kStart));
  EXPECT_FALSE(queue.wait_until(kStart));
  EXPECT_FALSE(queue.push(held("a")));
  queue.finish(true, kStart);
  EXPECT_EQ(queue.start_next(kStart)->delivery.id, "c");
  EXPECT_EQ(queue.in_flight(), 2u);
  // It is held until it is on record.
  EXPECT_FALSE(queue.push(held("a")));
  EXPECT_EQ(queue.room(kStart, 10), 7u);
  queue.let_go("a", "");
  EXPECT_EQ(queue.room(kStart, 10), 8u);
  EXPECT_TRUE(queue.push(held("a")));
}

TEST(EndpointQueue, TheCapOfTheDispatcherIsStrongerThanTheOptions) {
  EndpointQueue queue = proven(limits(1000));
  queue.configure(limits(1000), 3);
  for (int i = 0; i < 10; ++i) queue.push(held(std::to_string(i)));
  int started = 0;
  while (queue.start_next(kStart)) ++started;
  EXPECT_EQ(started, 3);
}

TEST(EndpointQueue, FeelsAHigherRateAtOnce) {
  EndpointQueue queue = proven(limits(10, 0.001));
  for (const char* id : {"a", "b", "c"}) queue.push(held(id));
  EXPECT_TRUE(queue.start_next(kStart));
  EXPECT_FALSE(queue.can_start(kStart + 10s));
  queue.configure(limits(10, 0.1), 32);
  EXPECT_FALSE(queue.can_start(kStart + 9s));
  EXPECT_TRUE(queue.start_next(kStart + 10s));
  queue.configure(limits(10), 32);
  EXPECT_TRUE(queue.can_start(kStart + 10s));
}

TEST(EndpointQueue, KeepsToItsRate) {
  EndpointQueue queue = proven(limits(10, 4));
  for (int i = 0; i < 10; ++i) queue.push(held(std::to_string(i)));
  MonotonicTime now = kStart;
  for (int i = 0; i < 10; ++i) {
    const auto next = queue.start_next(now);
    ASSERT_TRUE(next);
    EXPECT_FALSE(queue.can_start(now));
    if (i < 9) {
      EXPECT_EQ(queue.wait_until(now), now + 250ms);
    }
    queue.finish(true, now);
    now += 250ms;
  }
}

TEST(EndpointQueue, AnOrderedOneRunsOneOfEachJob) {
  EndpointQueue queue = proven(limits(10, 0, true));
  queue.push(held("a1", "a"));
  queue.push(held("a2", "a"));
  queue.push(held("b1", "b"));
  queue.push(held("x"));
  queue.push(held("y"));
  std::vector<HeldDelivery> started;
  while (auto next = queue.start_next(kStart)) started.push_back(std::move(*next));
  ASSERT_EQ(started.size(), 4u);
  EXPECT_EQ(started[1].delivery.id, "b1");
  queue.finish(true, kStart);
  EXPECT_FALSE(queue.start_next(kStart));
  queue.let_go("a1", "a");
  EXPECT_EQ(queue.start_next(kStart)->delivery.id, "a2");
}

TEST(EndpointQueue, WaitsForTheBreakerAndThenProbesOnce) {
  EndpointQueue queue = proven(limits(10));
  for (int i = 0; i < 20; ++i) queue.push(held(std::to_string(i)));
  for (int i = 0; i < 5; ++i) {
    (void)queue.start_next(kStart);
    queue.finish(false, kStart);
  }
  EXPECT_FALSE(queue.can_start(kStart));
  EXPECT_EQ(queue.wait_until(kStart), kStart + 60s);
  EXPECT_EQ(queue.room(kStart, 100), 0u);
  const auto probe = queue.start_next(kStart + 60s);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(queue.can_start(kStart + 60s));
  queue.finish(true, kStart + 61s);
  EXPECT_TRUE(queue.can_start(kStart + 61s));
}

TEST(EndpointQueue, AnAbandonedAttemptTeachesNothing) {
  EndpointQueue queue = proven({});
  queue.push(held("a"));
  ASSERT_TRUE(queue.start_next(kStart));
  queue.finish(std::nullopt, kStart);
  EXPECT_EQ(queue.in_flight(), 0u);
  EXPECT_EQ(queue.breaker().failures_in_a_row(), 0);
  queue.let_go("a", "");
  EXPECT_TRUE(queue.push(held("a")));
}

TEST(EndpointQueue, AsksForMoreOnlyWhileItCanUseIt) {
  EndpointQueue unknown;
  unknown.configure(limits(10), 32);
  EXPECT_EQ(unknown.room(kStart, 100), 1u);
  unknown.push(held("a"));
  EXPECT_EQ(unknown.room(kStart, 100), 0u);
  EndpointQueue queue = proven(limits(10));
  queue.push(held("a"));
  EXPECT_EQ(queue.room(kStart, 100), 99u);
  EXPECT_EQ(queue.drop_waiting([](const HeldDelivery&) { return true; }), 1u);
  EXPECT_EQ(queue.room(kStart, 100), 100u);
  EXPECT_FALSE(queue.holds("a"));
}

TEST(EndpointQueue, WithARateHoldsNoMoreThanCanStartSoon) {
  const auto held_most = [](double rate) {
    model::DeliveryOptions options = limits(10);
    options.rate_per_second = rate;
    return proven(options).held_most(kStart, 200);
  };
  EXPECT_EQ(held_most(0.01), 1u);
  EXPECT_EQ(held_most(1), 11u);
  EXPECT_EQ(held_most(1000), 200u);
  EXPECT_EQ(held_most(0), 200u);
}

TEST(EndpointQueue, WithALowRateHoldsNothingBeforeItsTimeIsNear) {
  model::DeliveryOptions options = limits(10);
  options.rate_per_second = 0.01;
  EndpointQueue queue = proven(options);
  queue.push(held("a"));
  ASSERT_TRUE(queue.start_next(kStart));
  queue.finish(true, kStart);
  queue.let_go("a", "");
  EXPECT_EQ(queue.held_from(), kStart + 90s);
  EXPECT_EQ(queue.room(kStart + 89s, 100), 0u);
  EXPECT_EQ(queue.room(kStart + 90s, 100), 1u);
}

}  // namespace
}  // namespace verihook::delivery
