#include "delivery/dispatcher.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "delivery/dead_letters.h"
#include "delivery/schedule.h"
#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;
using testing::accepted;
using testing::refused;
using testing::ScriptedHandler;

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() { world_.start(); }
  ~DispatcherTest() override {
    if (world_.dispatcher) world_.stop(20s);
    world_.database.reset();
  }

  void always(const std::string& id, AttemptResult result, Milliseconds latency = 0ms) {
    world_.handler.scripts[id] = [=](const model::Event&) {
      return ScriptedHandler::Answer{result, latency};
    };
  }
  std::vector<Milliseconds> gaps(std::string_view id) const {
    std::vector<Milliseconds> result;
    const auto seen = world_.handler.of(id);
    for (std::size_t i = 1; i < seen.size(); ++i) result.push_back(seen[i].at - seen[i - 1].at);
    return result;
  }
  std::vector<model::Attempt> attempts_of(const std::string& delivery_id) {
    return world_
        .read(
            [&](store::Connection& db) { return store::list_attempts(db, "default", delivery_id); })
        .value();
  }
  // As the API does it: in the store, and then the dispatcher is told.
  bool bring_back(decltype(&requeue) how, const std::string& delivery_id) {
    const auto back = world_.write([&](store::Connection& db) {
      return how(db, "default", delivery_id, world_.time.clock().wall_now());
    });
    if (back) world_.dispatcher->due("default", back->destination_id);
    return back.has_value();
  }
  model::Delivery only_delivery() {
    const auto all = world_.deliveries({});
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }

  testing::World world_;
};

TEST_F(DispatcherTest, DeliversAtOnceAndRecordsTheAttempt) {
  world_.add("wh_1");
  const std::string id = world_.publish("bulk.completed");
  world_.time.advance(1ms);
  ASSERT_EQ(world_.handler.seen.size(), 1u);
  EXPECT_EQ(world_.handler.seen[0].event_id, id);
  const auto delivery = only_delivery();
  EXPECT_EQ(delivery.state, model::DeliveryState::kDelivered);
  EXPECT_EQ(delivery.attempt_count, 1);
  EXPECT_EQ(delivery.last_status_code, 200);
  EXPECT_EQ(delivery.lease_owner, "");
  EXPECT_EQ(attempts_of(delivery.id).size(), 1u);
  EXPECT_EQ(world_.events("bulk.completed").at(0).status, model::EventStatus::kProcessed);
  EXPECT_EQ(world_.dispatcher->stats().attempts_delivered, 1u);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
}

TEST_F(DispatcherTest, DeadLettersThatAreSelectedComeBackSliceBySlice) {
  const auto once = [](model::Destination& d) { d.events = {"bulk.failed"}; };
  world_.add("wh_1", once);
  world_.add("wh_2", once);
  for (const char* id : {"wh_1", "wh_2"}) {
    always(id, refused(400));
    world_.change(id, [](model::Destination& d) { d.options.retry_schedule = {1ms}; });
  }
  for (int i = 0; i < 5; ++i) world_.publish("bulk.failed");
  world_.time.advance(30min);
  ASSERT_EQ(world_.counts().dead, 10);
  always("wh_1", accepted());
  model::EventSelection which;
  which.destination_id = "wh_1";
  std::string cursor;
  std::vector<std::int64_t> counts;
  do {
    const auto slice = world_.write([&](store::Connection& db) {
      return requeue_slice(db, "default", which, cursor, 2, world_.time.clock().wall_now());
    });
    ASSERT_TRUE(slice);
    counts.push_back(slice->count);
    cursor = slice->cursor;
  } while (!cursor.empty());
  EXPECT_EQ(counts, (std::vector<std::int64_t>{2, 2, 1}));
  world_.dispatcher->wake("default", "wh_1");
  world_.time.advance(1min);
  EXPECT_EQ(world_.counts().dead, 5);
  EXPECT_EQ(world_.counts().delivered, 5);
}

TEST_F(DispatcherTest, KeepsToTheScheduleOverEighteenHoursAndThenGivesUp) {
  world_.add("wh_1", [](model::Destination& d) { d.events = {"bulk.*"}; });
  always("wh_1", refused(500));
  const std::string id = world_.publish("bulk.completed");
  world_.time.advance(24h);
  const auto schedule = model::default_endpoint_schedule();
  const auto waited = gaps("wh_1");
  ASSERT_EQ(waited.size(), schedule.size());
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    EXPECT_GE(waited[i], schedule[i] * 8 / 10) << i;
    EXPECT_LE(waited[i], schedule[i] * 12 / 10 + 5ms) << i;
  }
  const auto delivery = only_delivery();
  EXPECT_EQ(delivery.state, model::DeliveryState::kDead);
  EXPECT_EQ(delivery.attempt_count, 8);
  const auto attempts = attempts_of(delivery.id);
  ASSERT_EQ(attempts.size(), 8u);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    EXPECT_EQ(attempts[i].number, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(attempts[i].error_class, "http_status");
  }
  for (const auto& seen : world_.handler.seen) EXPECT_EQ(seen.event_id, id);
  EXPECT_EQ(world_.events("bulk.completed").at(0).status, model::EventStatus::kDead);
  EXPECT_EQ(world_.events("delivery.dead_lettered").size(), 1u);
}

TEST_F(DispatcherTest, ADeadLetterOfAnOperatorEventMakesNoOther) {
  world_.add("wh_1", [](model::Destination& d) { d.options.retry_schedule = {1s}; });
  always("wh_1", refused(500));
  world_.publish("bulk.completed");
  world_.time.advance(48h);
  EXPECT_EQ(world_.events("delivery.dead_lettered").size(), 1u);
  EXPECT_EQ(world_.counts().dead, 2);
  EXPECT_EQ(world_.counts().pending, 0);
}

TEST_F(DispatcherTest, HeedsRetryAfter) {
  world_.add("wh_1");
  AttemptResult busy = refused(429);
  busy.retry_after = 2h;
  always("wh_1", busy);
  world_.publish("bulk.completed");
  world_.time.advance(1h);
  always("wh_1", accepted());
  world_.time.advance(2h);
  ASSERT_EQ(gaps("wh_1").size(), 1u);
  EXPECT_GE(gaps("wh_1")[0], 2h);
  EXPECT_LE(gaps("wh_1")[0], 2h + 5ms);
  EXPECT_EQ(world_.counts().delivered, 1);
}

TEST_F(DispatcherTest, TheBreakerOpensProbesOnceAMinuteAndThenDrains) {
  world_.add("wh_1");
  always("wh_1", refused(503), 100ms);
  for (int i = 0; i < 40; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(30s);
  EXPECT_EQ(world_.handler.seen.size(), 5u);
  EXPECT_EQ(world_.dispatcher->breaker_state("wh_1"), BreakerState::kOpen);
  EXPECT_EQ(world_.dispatcher->stats().breakers_open, 1u);
  // What waits for an endpoint that is down is late, but not by our fault.
  EXPECT_GT(world_.dispatcher->stats().oldest_due_age, 10s);
  EXPECT_EQ(world_.dispatcher->stats().oldest_due_age_of_working, 0s);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
  world_.time.advance(3min);
  EXPECT_EQ(world_.handler.seen.size(), 8u);
  always("wh_1", accepted(), 100ms);
  world_.time.advance(2min);
  EXPECT_EQ(world_.counts().delivered, 40);
  EXPECT_EQ(world_.dispatcher->breaker_state("wh_1"), BreakerState::kClosed);
  EXPECT_LE(world_.handler.in_flight_max["wh_1"], 10u);
  EXPECT_GT(world_.handler.in_flight_max["wh_1"], 4u);
}

TEST_F(DispatcherTest, AnOrderedDestinationGetsTheEventsOfAJobInOrderThroughFailures) {
  world_.add("wh_1", [](model::Destination& d) {
    d.options.ordered = true;
    d.options.retry_schedule.assign(20, 1s);
  });
  int calls = 0;
  world_.handler.scripts["wh_1"] = [&](const model::Event&) {
    return ScriptedHandler::Answer{++calls % 3 == 0 ? refused(500) : accepted(), 50ms};
  };
  std::map<std::string, std::vector<std::string>> published;
  for (int i = 0; i < 60; ++i) {
    const std::string job = "job_" + std::to_string(i % 4);
    published[job].push_back(world_.publish("bulk.failed", job));
    if (i % 7 == 0) world_.time.advance(20ms);
  }
  world_.time.advance(1h);
  EXPECT_EQ(world_.counts().delivered, 60);
  std::map<std::string, std::vector<std::string>> arrived;
  for (const auto& seen : world_.handler.of("wh_1")) {
    if (seen.success) arrived[seen.job_id].push_back(seen.event_id);
  }
  EXPECT_EQ(arrived, published);
  EXPECT_LE(world_.handler.in_flight_max["wh_1"], 4u);
}

TEST_F(DispatcherTest, AHundredDeadEndpointsDelayTheHealthyOneNot) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = "wh_dead_" + std::to_string(i);
    world_.add(id, [](model::Destination& d) { d.events = {"bulk.failed"}; });
    always(id, accepted(), 60s);  // never answers in time
  }
  world_.add("wh_healthy", [](model::Destination& d) { d.events = {"bulk.completed"}; });
  always("wh_healthy", accepted(), 20ms);
  std::map<std::string, WallTime> published;
  for (int i = 0; i < 40; ++i) {
    world_.publish("bulk.failed", "job_x" + std::to_string(i));
    world_.time.advance(1s);
    published[world_.publish("bulk.completed", "job_" + std::to_string(i))] =
        world_.time.clock().wall_now();
    world_.time.advance(3s);
  }
  const auto seen = world_.handler.of("wh_healthy");
  ASSERT_EQ(seen.size(), 40u);
  for (const auto& one : seen) EXPECT_LE(one.at - published.at(one.event_id), 1ms);
}

TEST_F(DispatcherTest, TenantsTakeTurns) {
  world_.stop(1s);
  DispatcherOptions options;
  options.in_flight_max = 4;
  options.in_flight_per_tenant_max = 4;
  world_.start(options);
  world_.add("wh_big");
  world_.add("wh_small", [](model::Destination& d) { d.tenant_id = "ten_2"; });
  always("wh_big", accepted(), 1s);
  always("wh_small", accepted(), 1s);
  for (int i = 0; i < 200; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(10s);
  for (int i = 0; i < 4; ++i) {
    world_.publish("bulk.failed", "job_s" + std::to_string(i), "ten_2");
  }
  world_.time.advance(5s);
  EXPECT_EQ(world_.handler.of("wh_small").size(), 4u);
  EXPECT_LT(world_.handler.of("wh_big").size(), 80u);
}

TEST_F(DispatcherTest, KeepsToTheRateOfTheEndpoint) {
  world_.add("wh_1", [](model::Destination& d) { d.options.rate_per_second = 2; });
  for (int i = 0; i < 300; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(60s);
  EXPECT_GE(world_.handler.seen.size(), 119u);
  EXPECT_LE(world_.handler.seen.size(), 121u);
  world_.time.advance(120s);
  EXPECT_EQ(world_.counts().delivered, 300);
}

TEST_F(DispatcherTest, APausedEndpointKeepsItsQueueAndResumingDrainsIt) {
  world_.add("wh_1");
  always("wh_1", accepted(), 1s);
  for (int i = 0; i < 50; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(1ms);
  world_.change("wh_1", [](auto& d) { d.state = model::DestinationState::kPaused; });
  world_.time.advance(1s);
  for (int i = 50; i < 60; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(24h);
  const std::size_t before = world_.handler.seen.size();
  EXPECT_LE(before, 2u);
  EXPECT_EQ(world_.counts().delivered + world_.counts().pending, 60);
  world_.change("wh_1", [](auto& d) { d.state = model::DestinationState::kActive; });
  world_.time.advance(1min);
  EXPECT_EQ(world_.counts().delivered, 60);
  EXPECT_EQ(world_.handler.seen.size(), 60u);
}

TEST_F(DispatcherTest, GoneDisablesTheEndpointTellsTheOthersAndKeepsTheQueue) {
  world_.add("wh_gone", [](model::Destination& d) { d.events = {"bulk.*"}; });
  world_.add("wh_ops", [](model::Destination& d) { d.events = {"endpoint.disabled"}; });
  always("wh_gone", refused(410));
  for (int i = 0; i < 3; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(1h);
  EXPECT_EQ(world_.destination("wh_gone").state, model::DestinationState::kDisabled);
  EXPECT_EQ(world_.destination("wh_gone").state_reason, "the endpoint answered 410 Gone");
  EXPECT_EQ(world_.handler.of("wh_gone").size(), 1u);
  ASSERT_EQ(world_.handler.of("wh_ops").size(), 1u);
  EXPECT_EQ(world_.counts().pending, 3);
  always("wh_gone", accepted());
  world_.change("wh_gone", [](auto& d) {
    d.state = model::DestinationState::kActive;
    d.state_reason.clear();
  });
  world_.time.advance(1h);
  EXPECT_EQ(world_.counts().pending, 0);
}

TEST_F(DispatcherTest, FiveDaysOfFailureDisableEvenAcrossARestart) {
  world_.add("wh_1", [](model::Destination& d) { d.events = {"bulk.*"}; });
  always("wh_1", refused(500));
  for (int day = 0; day < 4; ++day) {
    world_.publish("bulk.failed", "job_" + std::to_string(day));
    world_.time.advance(24h);
  }
  EXPECT_TRUE(failing_since_of(world_.destination("wh_1")));
  world_.stop(1s);
  world_.start();
  world_.time.advance(23h);
  world_.publish("bulk.failed", "job_a");
  world_.time.advance(30min);
  EXPECT_EQ(world_.destination("wh_1").state, model::DestinationState::kActive);
  world_.time.advance(6h);
  EXPECT_EQ(world_.destination("wh_1").state, model::DestinationState::kDisabled);
  EXPECT_EQ(world_.events("endpoint.disabled").size(), 1u);
}

TEST_F(DispatcherTest, OneSuccessEndsTheRowOfFailures) {
  world_.add("wh_1", [](model::Destination& d) { d.events = {"bulk.*"}; });
  always("wh_1", refused(500));
  for (int i = 0; i < 5; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(2min);
  EXPECT_TRUE(failing_since_of(world_.destination("wh_1")));
  always("wh_1", accepted());
  world_.time.advance(24h);
  EXPECT_EQ(world_.destination("wh_1").state_reason, "");
  EXPECT_EQ(world_.counts().delivered, 5);
}

TEST_F(DispatcherTest, OnlyTheNewestProgressArrivesAtAnEndpointThatWasDown) {
  world_.add("wh_1");
  always("wh_1", refused(500));
  std::string newest;
  for (int i = 0; i < 30; ++i) {
    newest = world_.publish("bulk.progress", "job_1");
    world_.time.advance(10s);
  }
  always("wh_1", accepted());
  world_.time.advance(12h);
  const auto seen = world_.handler.of("wh_1");
  EXPECT_EQ(seen.back().event_id, newest);
  EXPECT_EQ(world_.counts().delivered, 1);
  EXPECT_EQ(world_.counts().pending, 0);
  EXPECT_EQ(world_.counts().dead, 0);
}

TEST_F(DispatcherTest, WhatASourceSentIsHandedOnEveryOneOfItEvenProgressOfOneJob) {
  world_.add("dst_1", [](model::Destination& it) { it.sources = {"provider"}; });
  always("dst_1", accepted(), 1s);
  for (int i = 0; i < 100; ++i) {
    world_.publish("bulk.progress", "job_1", "default", [](model::Event& event) {
      event.origin = model::EventOrigin::kReceived;
      event.source_name = "provider";
    });
  }
  // Each is in memory from the start; none of them waits until a lease has run out.
  world_.time.advance(30s);
  EXPECT_EQ(world_.handler.seen.size(), 100u);
  EXPECT_EQ(world_.counts().delivered, 100);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
}

TEST_F(DispatcherTest, AnOrphanThatTheSweepFindsIsCancelled) {
  world_.add("wh_1");
  world_.stop(1s);
  const WallTime now = world_.time.clock().wall_now();
  const model::Destination gone = world_.destination("wh_1");
  ASSERT_TRUE(world_.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::delete_destination(db, "default", "wh_1", now));
    model::Event event;
    event.tenant_id = "default";
    event.type = "webhook.test";
    event.body = "}";
    TRY_VOID(world_.outbox->publish_to(db, event, gone));
    return {};
  }));
  world_.start();
  world_.time.advance(1ms);
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kCancelled);
  EXPECT_TRUE(world_.handler.seen.empty());
}

TEST_F(DispatcherTest, MemoryIsBoundedWhateverTheBacklog) {
  world_.stop(1s);
  DispatcherOptions options;
  options.loaded_deliveries_max = 20;
  options.loaded_per_destination_max = 8;
  world_.start(options);
  for (int d = 0; d < 5; ++d) {
    world_.add("wh_" + std::to_string(d));
    always("wh_" + std::to_string(d), accepted(), 10ms);
  }
  for (int i = 0; i < 200; ++i) {
    world_.publish("bulk.failed", "job_" + std::to_string(i));
    EXPECT_LE(world_.dispatcher->stats().loaded, 20u);
  }
  for (int i = 0; i < 200; ++i) {
    world_.time.advance(100ms);
    EXPECT_LE(world_.dispatcher->stats().loaded, 20u);
  }
  EXPECT_EQ(world_.counts().delivered, 1000);
  EXPECT_EQ(world_.handler.seen.size(), 1000u);
}

TEST_F(DispatcherTest, SleepsWhenThereIsNothingToDo) {
  world_.stop(1s);
  DispatcherOptions options;
  options.sweep_ms = std::chrono::hours{24};
  world_.start(options);
  world_.add("wh_1");
  world_.publish("bulk.completed");
  world_.time.advance(1min);
  const auto before = world_.database->stats();
  world_.time.advance(20h);
  const auto after = world_.database->stats();
  EXPECT_EQ(after.commits, before.commits);
  EXPECT_EQ(after.reads, before.reads);
}

TEST_F(DispatcherTest, LeasesAreRenewedWhileAnAttemptTakesLong) {
  world_.stop(1s);
  DispatcherOptions options;
  options.lease_ms = 6s;
  world_.start(options);
  world_.add("wh_1");
  always("wh_1", accepted(), 14s);
  world_.publish("bulk.completed");
  const auto steal = [&](store::Connection& db) {
    const WallTime now = world_.time.clock().wall_now();
    return store::lease_of_destination(db, {.tenant_id = "default",
                                            .destination_id = "wh_1",
                                            .node_id = "node_2",
                                            .now = now,
                                            .lease_until = now + 60s,
                                            .limit = 10});
  };
  world_.time.advance(1ms);
  // The first lease is the outbox's, of a minute; shorten it to what this test renews.
  ASSERT_TRUE(world_.write([&](store::Connection& db) {
    return store::renew_lease(db, "default", world_.last_published.deliveries[0].delivery.id,
                              "node_1", world_.time.clock().wall_now() + 3s);
  }));
  world_.time.advance(13s);
  EXPECT_EQ(world_.write(steal)->taken.size(), 1u);
  world_.time.advance(2s);
  // Taken over meanwhile, but it did arrive, and that stands.
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kDelivered);
  EXPECT_EQ(world_.handler.seen.size(), 1u);
}

TEST_F(DispatcherTest, TakesOverWhatACrashedNodeHeld) {
  world_.add("wh_1");
  Outbox other(world_.time.clock(), world_.random, "node_2");
  const auto published = world_.write([&](store::Connection& db) {
    model::Event event;
    event.tenant_id = "default";
    event.type = "bulk.completed";
    event.body = "}";
    return other.publish(db, event);
  });
  ASSERT_TRUE(published);
  world_.time.advance(50s);
  EXPECT_TRUE(world_.handler.seen.empty());
  world_.time.advance(2min);
  EXPECT_EQ(world_.handler.seen.size(), 1u);
  EXPECT_EQ(world_.counts().delivered, 1);
}

TEST_F(DispatcherTest, ADeletedDestinationGetsNothingMore) {
  world_.add("wh_1");
  always("wh_1", accepted(), 1s);
  for (int i = 0; i < 20; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(1ms);
  const WallTime now = world_.time.clock().wall_now();
  ASSERT_TRUE(world_.write([&](store::Connection& db) {
    return store::delete_destination(db, "default", "wh_1", now);
  }));
  world_.dispatcher->forget("wh_1");
  world_.time.advance(1h);
  EXPECT_EQ(world_.handler.seen.size(), 1u);
  EXPECT_EQ(world_.counts().pending, 0);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
}

TEST_F(DispatcherTest, ADeadLetterIsRequeuedWithAllItsTriesAndTheSameId) {
  world_.add("wh_1", [](model::Destination& d) {
    d.options.retry_schedule = {1s};
    d.events = {"bulk.*"};
  });
  always("wh_1", refused(500));
  const std::string id = world_.publish("bulk.completed");
  world_.time.advance(1min);
  auto delivery = only_delivery();
  ASSERT_EQ(delivery.state, model::DeliveryState::kDead);
  ASSERT_TRUE(bring_back(&requeue, delivery.id));
  world_.time.advance(1min);
  EXPECT_EQ(world_.handler.seen.size(), 4u);
  EXPECT_EQ(attempts_of(delivery.id).back().number, 4);
  always("wh_1", accepted());
  ASSERT_TRUE(bring_back(&retry_now, delivery.id));
  world_.time.advance(1min);
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kDelivered);
  EXPECT_EQ(world_.handler.seen.back().event_id, id);
}

TEST_F(DispatcherTest, RetryNowDoesNotWaitForTheSchedule) {
  world_.add("wh_1");
  always("wh_1", refused(500));
  world_.publish("bulk.completed");
  world_.time.advance(2min);
  always("wh_1", accepted());
  const std::size_t before = world_.handler.seen.size();
  ASSERT_TRUE(bring_back(&retry_now, only_delivery().id));
  world_.time.advance(1ms);
  EXPECT_EQ(world_.handler.seen.size(), before + 1);
  EXPECT_EQ(world_.counts().delivered, 1);
}

TEST_F(DispatcherTest, AFullDiskDelaysAndLosesNothing) {
  set_log_level(LogLevel::kOff);
  world_.add("wh_1");
  always("wh_1", accepted(), 1s);
  for (int i = 0; i < 20; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.kept.full_chance = 1;
  world_.time.advance(10min);
  EXPECT_EQ(world_.counts().delivered, 0);
  world_.kept.full_chance = 0;
  world_.time.advance(5min);
  EXPECT_EQ(world_.counts().delivered, 20);
  EXPECT_GT(world_.dispatcher->stats().attempts_unrecorded, 0u);
}

TEST_F(DispatcherTest, AHandlerThatThrowsIsAFailureLikeAnother) {
  set_log_level(LogLevel::kOff);
  world_.add("wh_1");
  int calls = 0;
  world_.handler.scripts["wh_1"] = [&](const model::Event&) -> ScriptedHandler::Answer {
    if (++calls == 1) throw std::runtime_error("on purpose");
    return {accepted(), 0ms};
  };
  world_.publish("bulk.completed");
  world_.time.advance(1min);
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kDelivered);
  EXPECT_EQ(world_.dispatcher->stats().failures_by_class.at("internal"), 1u);
}

TEST_F(DispatcherTest, AHandlerThatForgetsItsDeadlineIsCancelledAndTheAttemptHasFailed) {
  world_.add("wh_1");
  world_.handler.scripts["wh_1"] = [](const model::Event&) -> ScriptedHandler::Answer {
    return {accepted(), 1h, false};
  };
  world_.publish("bulk.completed");
  world_.time.advance(15s);
  EXPECT_EQ(world_.dispatcher->stats().in_flight, 1u);
  world_.time.advance(2s);
  EXPECT_EQ(world_.dispatcher->stats().in_flight, 0u);
  EXPECT_EQ(world_.dispatcher->stats().attempts_retried, 1u);
  EXPECT_EQ(world_.dispatcher->stats().attempts_abandoned, 0u);
  always("wh_1", accepted());
  world_.time.advance(1min);
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kDelivered);
}

TEST_F(DispatcherTest, AKindWithoutAHandlerIsADeadLetterAtOnce) {
  world_.add("wh_1", [](model::Destination& d) { d.kind = model::DestinationKind::kNats; });
  world_.publish("source.rejecting");
  world_.time.advance(1s);
  EXPECT_EQ(only_delivery().state, model::DeliveryState::kDead);
}

TEST_F(DispatcherTest, StoppingLetsWhatRunsFinishAndGivesTheRestBack) {
  world_.add("wh_1");
  always("wh_1", accepted(), 2s);
  for (int i = 0; i < 30; ++i) world_.publish("bulk.failed", "job_" + std::to_string(i));
  world_.time.advance(3s);
  world_.stop(10s);
  const auto counts = world_.counts();
  EXPECT_EQ(counts.delivered, static_cast<std::int64_t>(world_.handler.seen.size()));
  EXPECT_GT(counts.pending, 0);
  for (const auto& delivery : world_.deliveries({})) EXPECT_EQ(delivery.lease_owner, "");
  world_.start();
  world_.time.advance(5min);
  EXPECT_EQ(world_.counts().delivered, 30);
  EXPECT_EQ(world_.handler.seen.size(), 30u);
}

TEST_F(DispatcherTest, StoppingCancelsWhatDoesNotFinishAndItIsMadeAgain) {
  world_.add("wh_1");
  always("wh_1", accepted(), 10s);
  const std::string id = world_.publish("bulk.completed");
  world_.time.advance(1s);
  world_.stop(1s);
  EXPECT_EQ(world_.counts().pending, 1);
  EXPECT_EQ(only_delivery().attempt_count, 0);
  world_.start();
  world_.time.advance(1min);
  EXPECT_EQ(world_.counts().delivered, 1);
  ASSERT_EQ(world_.handler.seen.size(), 2u);
  EXPECT_EQ(world_.handler.seen[1].event_id, id);
}

}  // namespace
}  // namespace verihook::delivery
