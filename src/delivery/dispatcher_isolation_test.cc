// One healthy endpoint beside a hundred dead ones and more: its events are as fast as if it were
// alone. Time is virtual, so what is measured is who waits for whom and not this machine.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;
using testing::accepted;
using testing::refused;
using testing::ScriptedHandler;
using testing::World;

constexpr int kEvents = 120;
constexpr Milliseconds kBetweenEvents{20};
constexpr Milliseconds kLatencyMax{50};

ScriptedHandler::Answer never() { return {refused(0), 1h}; }
ScriptedHandler::Answer at_once() { return {refused(500), 0ms}; }
ScriptedHandler::Answer late() { return {refused(503), 14s}; }

class Isolation {
 public:
  Isolation() {
    world_.start();
    world_.add("wh_healthy", [](model::Destination& d) { d.events = {"bulk.*"}; });
    world_.handler.scripts["wh_healthy"] = [this](const model::Event& event) {
      const Milliseconds latency{1 + random_.below(kLatencyMax.count())};
      delays_.push_back(world_.time.clock().wall_now() + latency - event.created_at);
      return ScriptedHandler::Answer{accepted(), latency};
    };
    // It has answered before, as one whose events matter has.
    publish();
    world_.time.advance(1s);
  }
  ~Isolation() { world_.stop(1min); }

  void add_dead(int count, const std::function<ScriptedHandler::Answer(int)>& way) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "wh_dead_" + std::to_string(i);
      world_.add(id, [](model::Destination& d) { d.events = {"bulk.*"}; });
      world_.handler.scripts[id] = [answer = way(i)](const model::Event&) { return answer; };
    }
  }

  // The process ends, and another goes on with what the store knows.
  void restart() {
    world_.stop(1min);
    world_.start();
    world_.time.advance(1s);
  }

  // One event to everybody, and all that comes of it for a while.
  void fail_all() {
    publish();
    world_.time.advance(20min);
  }

  // The healthy endpoint's delay from event to answer that 99 of 100 keep within.
  Milliseconds p99() {
    delays_.clear();
    for (int i = 0; i < kEvents; ++i) {
      publish();
      world_.time.advance(kBetweenEvents);
    }
    world_.time.advance(1min);
    EXPECT_EQ(delays_.size(), static_cast<std::size_t>(kEvents));
    std::ranges::sort(delays_);
    return delays_.empty() ? 1h : delays_[delays_.size() * 99 / 100];
  }

 private:
  void publish() {
    world_.publish("bulk.failed", "", "default",
                   [&](model::Event& event) { event.created_at = world_.time.clock().wall_now(); });
  }

  World world_;
  SeededRandom random_{11};
  std::vector<Milliseconds> delays_;
};

Milliseconds alone() {
  Isolation isolation;
  return isolation.p99();
}

TEST(DispatcherIsolation, AHundredDeadEndpointsDoNotDelayAHealthyOne) {
  Isolation isolation;
  isolation.add_dead(100, [](int i) {
    return i % 3 == 0 ? never() : i % 3 == 1 ? late() : at_once();
  });
  EXPECT_LE(isolation.p99(), 2 * alone());
}

// More than may run at once, and none has answered yet: they share no more than half of what their
// tenant may have.
TEST(DispatcherIsolation, NorDoMoreThanMayRunAtOnceOfTheSameTenant) {
  Isolation isolation;
  isolation.add_dead(300, [](int) { return never(); });
  EXPECT_LE(isolation.p99(), 2 * alone());
}

// After a restart nobody has answered yet, but who failed before is known.
TEST(DispatcherIsolation, NorDoTheyAfterARestart) {
  Isolation isolation;
  isolation.add_dead(100, [](int) { return never(); });
  isolation.fail_all();
  isolation.restart();
  EXPECT_LE(isolation.p99(), 2 * alone());
}

TEST(DispatcherIsolation, EndpointsThatWaitForTheirRateLeaveTheMemoryToOthers) {
  World world;
  DispatcherOptions options;
  options.loaded_deliveries_max = 20;
  options.loaded_per_destination = 10;
  world.start(options);
  for (int d = 0; d < 5; ++d) {
    world.add("wh_slow_" + std::to_string(d),
              [](model::Destination& destination) { destination.options.rate_per_second = 0.001; });
  }
  for (int i = 0; i < 30; ++i) world.publish("bulk.failed", "job_" + std::to_string(i));
  world.time.advance(1min);
  EXPECT_EQ(world.dispatcher->stats().loaded, 0u) << "none of the next may start soon";
  world.add("wh_quick");
  for (int i = 0; i < 30; ++i) world.publish("bulk.failed", "quick_" + std::to_string(i));
  world.time.advance(1min);
  EXPECT_EQ(world.handler.of("wh_quick").size(), 30u);
  world.stop(1min);
}

TEST(DispatcherIsolation, MoreEndpointsWithARateThanFitInTheMemoryAllHaveTheirTurn) {
  World world;
  DispatcherOptions options;
  options.loaded_deliveries_max = 8;
  world.start(options);
  for (int d = 0; d < 100; ++d) {
    world.add("wh_" + std::to_string(d),
              [](model::Destination& destination) { destination.options.rate_per_second = 0.01; });
  }
  for (int i = 0; i < 3; ++i) world.publish("bulk.failed", "job_" + std::to_string(i));
  for (const std::size_t round : {1, 2, 3}) {
    world.time.advance(90s);
    EXPECT_EQ(world.handler.seen.size(), round * 100);
    world.time.advance(10s);
  }
  EXPECT_EQ(world.counts().delivered, 300);
  world.stop(1min);
}

}  // namespace
}  // namespace verihook::delivery
