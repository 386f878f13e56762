#include "delivery/replayer.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/replays.h"
#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;
using model::ReplayMode;
using model::ReplayState;
using testing::accepted;
using testing::refused;
using testing::ScriptedHandler;

class ReplayerTest : public ::testing::Test {
 protected:
  ReplayerTest() { start(); }
  ~ReplayerTest() override {
    stop();
    world_.stop(20s);
    world_.database.reset();
  }

  void start() {
    world_.start();
    replayer_ = std::make_unique<Replayer>(world_.io.get_executor(), world_.time, *world_.database,
                                           *world_.outbox, *world_.dispatcher, ReplayerOptions{});
    replayer_->start();
  }
  void stop() {
    testing::run_task(world_.io, [](Replayer& replayer) -> Task<bool> {
      co_await replayer.stop();
      co_return true;
    }(*replayer_));
    replayer_.reset();
  }

  void always(const std::string& id, AttemptResult result, Milliseconds latency = 0ms) {
    world_.handler.scripts[id] = [=](const model::Event&) {
      return ScriptedHandler::Answer{result, latency};
    };
  }
  model::Replay count(ReplayMode mode, double rate, model::EventSelection which = {}) {
    model::Replay replay;
    replay.tenant_id = "default";
    replay.id = "rpl_" + std::to_string(++made_);
    replay.mode = mode;
    replay.which = std::move(which);
    replay.rate_per_second = rate;
    replay.created_at = world_.time.clock().wall_now();
    return testing::run_task(world_.io, replayer_->count(std::move(replay))).value();
  }
  std::string begin(ReplayMode mode, double rate, model::EventSelection which = {}) {
    const model::Replay replay = count(mode, rate, std::move(which));
    const auto nothing_else = [](store::Connection&) -> Result<void> { return {}; };
    EXPECT_TRUE(testing::run_task(world_.io, replayer_->begin(replay, nothing_else)));
    return replay.id;
  }
  Result<model::Replay> change(const std::string& id, ReplayState state) {
    return testing::run_task(world_.io, replayer_->change("default", id, state));
  }
  model::Replay find(const std::string& id) {
    return world_.read([&](store::Connection& db) { return store::find_replay(db, "default", id); })
        .value();
  }
  model::ReplayCounts counts(const std::string& id) {
    return world_
        .read([&](store::Connection& db) { return store::count_replay(db, "default", id); })
        .value();
  }
  // So many events that were given up for this endpoint, which works again now.
  void make_dead_letters(const std::string& id, int number) {
    always(id, refused(500));
    world_.change(id, [](model::Destination& d) { d.options.retry_schedule = {1ms}; });
    for (int i = 0; i < number; ++i) world_.publish("bulk.failed");
    world_.time.advance(std::chrono::minutes{number * 3});
    ASSERT_EQ(world_.counts().dead, number);
    always(id, accepted());
    world_.dispatcher->wake("default", id);
    world_.handler.seen.clear();
  }
  static void of_bulk(model::Destination& destination) { destination.events = {"bulk.*"}; }

  testing::World world_;
  std::unique_ptr<Replayer> replayer_;
  int made_ = 0;
};

TEST_F(ReplayerTest, DeadLettersAreSentAgainAtTheirPaceAndMarked) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 6);
  const std::string id = begin(ReplayMode::kFailed, 2);
  world_.time.advance(1ms);
  EXPECT_EQ(find(id).total_count, 6);
  EXPECT_EQ(world_.handler.seen.size(), 1u);
  world_.time.advance(1s);
  EXPECT_EQ(world_.handler.seen.size(), 3u);
  EXPECT_EQ(find(id).state, ReplayState::kRunning);
  world_.time.advance(10s);
  EXPECT_EQ(find(id).state, ReplayState::kCompleted);
  EXPECT_EQ(find(id).issued_count, 6);
  EXPECT_TRUE(find(id).finished_at);
  EXPECT_EQ(counts(id).delivered, 6);
  EXPECT_EQ(world_.counts().dead, 0);
  for (const auto& delivery : world_.deliveries({})) EXPECT_EQ(delivery.replay_id, id);
}

TEST_F(ReplayerTest, WhatDiesAgainIsNotTriedForEver) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 3);
  always("wh_1", refused(500));
  const std::string id = begin(ReplayMode::kFailed, 100);
  world_.time.advance(1h);
  EXPECT_EQ(find(id).state, ReplayState::kCompleted);
  EXPECT_EQ(find(id).issued_count, 3);
  EXPECT_EQ(counts(id).dead, 3);
}

TEST_F(ReplayerTest, MissingEventsGoToANewEndpointOnceAndAllEventsToEverybody) {
  world_.add("wh_1", of_bulk);
  for (int i = 0; i < 4; ++i) world_.publish("bulk.completed");
  world_.publish("verification.completed");
  world_.time.advance(1s);
  world_.add("wh_2", of_bulk);
  EXPECT_EQ(count(ReplayMode::kMissing, 50).total_count, 4);
  const std::string missing = begin(ReplayMode::kMissing, 50);
  world_.time.advance(5s);
  EXPECT_EQ(find(missing).state, ReplayState::kCompleted);
  EXPECT_EQ(counts(missing).delivered, 4);
  EXPECT_EQ(world_.handler.of("wh_1").size(), 4u);
  EXPECT_EQ(world_.handler.of("wh_2").size(), 4u);
  EXPECT_EQ(count(ReplayMode::kMissing, 50).total_count, 0);
  model::EventSelection completed;
  completed.type = "bulk.completed";
  const std::string all = begin(ReplayMode::kAll, 50, completed);
  EXPECT_EQ(find(all).total_count, 8);
  world_.time.advance(5s);
  EXPECT_EQ(counts(all).delivered, 8);
  model::EventSelection of_one;
  of_one.destination_id = "wh_2";
  EXPECT_EQ(count(ReplayMode::kAll, 50, of_one).total_count, 4);
}

TEST_F(ReplayerTest, ThousandsOfEventsAreWalkedInSlices) {
  for (int i = 0; i < 1'100; ++i) world_.publish("bulk.completed");
  world_.add("wh_1", of_bulk);
  world_.time.advance(1s);
  const std::string id = begin(ReplayMode::kMissing, 10'000);
  EXPECT_EQ(find(id).total_count, 1'100);
  world_.time.advance(10s);
  EXPECT_EQ(find(id).issued_count, 1'100);
  EXPECT_EQ(counts(id).delivered, 1'100);
}

TEST_F(ReplayerTest, PausingHoldsItAndResumingGoesOnWhereItWas) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 6);
  const std::string id = begin(ReplayMode::kFailed, 1);
  world_.time.advance(1500ms);
  ASSERT_TRUE(change(id, ReplayState::kPaused));
  world_.time.advance(1h);
  EXPECT_EQ(find(id).state, ReplayState::kPaused);
  const auto issued = find(id).issued_count;
  EXPECT_GE(issued, 1);
  EXPECT_LE(issued, 2);
  EXPECT_EQ(std::ssize(world_.handler.seen), issued);
  ASSERT_TRUE(change(id, ReplayState::kRunning));
  // At once after the pause: no task of before may be in the way.
  ASSERT_TRUE(change(id, ReplayState::kPaused));
  ASSERT_TRUE(change(id, ReplayState::kRunning));
  world_.time.advance(10s);
  EXPECT_EQ(find(id).state, ReplayState::kCompleted);
  EXPECT_EQ(world_.handler.seen.size(), 6u);
  const auto ended = change(id, ReplayState::kPaused);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::kConflict);
}

TEST_F(ReplayerTest, CancellingCallsOffWhatWasNotDelivered) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 5);
  always("wh_1", accepted(), 10s);
  world_.change("wh_1", [](model::Destination& d) { d.options.max_in_flight = 1; });
  const std::string id = begin(ReplayMode::kFailed, 1'000);
  world_.time.advance(1s);
  EXPECT_EQ(counts(id).pending, 5);
  ASSERT_TRUE(change(id, ReplayState::kCancelled));
  world_.time.advance(5min);
  EXPECT_EQ(find(id).state, ReplayState::kCancelled);
  EXPECT_TRUE(find(id).finished_at);
  // The one that was under way has arrived.
  EXPECT_EQ(world_.handler.seen.size(), 1u);
  EXPECT_EQ(counts(id).delivered, 1);
  EXPECT_EQ(counts(id).dead, 4);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
  EXPECT_FALSE(change(id, ReplayState::kRunning));
}

TEST_F(ReplayerTest, WhatIsNewOvertakesAReplay) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 20);
  always("wh_1", accepted(), 1s);
  world_.change("wh_1", [](model::Destination& d) { d.options.max_in_flight = 1; });
  begin(ReplayMode::kFailed, 1'000);
  world_.time.advance(2500ms);
  const std::string fresh = world_.publish("bulk.completed");
  world_.time.advance(2s);
  // Behind the one that was under way, before the rest.
  const auto& seen = world_.handler.seen;
  ASSERT_GE(seen.size(), 4u);
  EXPECT_EQ(seen[3].event_id, fresh);
  world_.time.advance(1min);
  EXPECT_EQ(world_.handler.seen.size(), 21u);
}

TEST_F(ReplayerTest, ACrashNeitherRepeatsNorLosesAnythingOfAReplay) {
  world_.add("wh_1", of_bulk);
  for (int i = 0; i < 40; ++i) world_.publish("bulk.completed");
  world_.time.advance(1s);
  world_.add("wh_2", of_bulk);
  const std::string id = begin(ReplayMode::kMissing, 10);
  SeededRandom random(5);
  for (int i = 0; i < 6; ++i) {
    world_.time.advance(Milliseconds{random.below(700)});
    world_.kept.dies_after_commit = random.chance(0.5);
    world_.time.advance(Milliseconds{random.below(300)});
    world_.kept.dead = true;
    stop();
    world_.crash();
    start();
  }
  world_.time.advance(1min);
  EXPECT_EQ(find(id).state, ReplayState::kCompleted);
  EXPECT_EQ(find(id).issued_count, 40);
  EXPECT_EQ(counts(id).delivered, 40);
  store::DeliveryFilter to_the_new_one;
  to_the_new_one.destination_id = "wh_2";
  EXPECT_EQ(world_.deliveries(to_the_new_one).size(), 40u);
}

TEST_F(ReplayerTest, AStoreThatIsFullIsWaitedFor) {
  world_.add("wh_1", of_bulk);
  make_dead_letters("wh_1", 3);
  const std::string id = begin(ReplayMode::kFailed, 1);
  world_.time.advance(100ms);
  world_.kept.full_chance = 1;
  world_.time.advance(1min);
  world_.kept.full_chance = 0;
  world_.time.advance(1min);
  EXPECT_EQ(find(id).state, ReplayState::kCompleted);
  EXPECT_EQ(counts(id).delivered, 3);
}

}  // namespace
}  // namespace verihook::delivery
