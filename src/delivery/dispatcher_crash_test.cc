// At least once, whatever dies: destinations that answer well, badly, slowly and not at all, a
// store that is full for a while, and processes that are killed at random moments, over many seeds.
// In the end every delivery that a write acknowledged is accounted for.
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;
using testing::accepted;
using testing::refused;
using testing::ScriptedHandler;
using testing::World;

class CrashRun {
 public:
  explicit CrashRun(std::uint64_t seed) : world_(seed), random_(seed * 7919 + 1) {
    world_.kept.random = SeededRandom(seed);
    start();
    for (const char* id : {"wh_good", "wh_flaky", "wh_slow", "wh_dead", "wh_ordered"}) {
      world_.add(id, [&](model::Destination& d) {
        d.options.retry_schedule = {1s, 5s, 30s, 60s};
        d.options.ordered = d.id == "wh_ordered";
        d.options.max_in_flight = 4;
        if (d.id == "wh_dead") d.events = {"bulk.*"};
      });
    }
    script("wh_good", 1.0, 20);
    script("wh_flaky", 0.5, 300);
    script("wh_slow", 0.9, 20'000);
    script("wh_dead", 0.0, 5'000);
    script("wh_ordered", 0.8, 500);
  }

  void run() {
    for (int step = 0; step < 14; ++step) {
      const std::string job = "job_" + std::to_string(random_.below(4));
      const std::string type = random_.chance(0.3) ? "bulk.progress" : "bulk.failed";
      const std::string id = world_.publish(type, job);
      if (!id.empty()) acknowledged_.push_back(id);
      world_.time.advance(Milliseconds{random_.below(4'000)});
      if (random_.chance(0.05)) world_.kept.full_chance = world_.kept.full_chance > 0 ? 0 : 0.4;
      if (random_.chance(0.15)) crash();
    }
    world_.kept.full_chance = 0;
    crash();
    world_.time.advance(40min);
  }

  void check() {
    std::map<std::string, int> states;
    std::set<std::string> events;
    for (const auto& delivery : world_.deliveries({})) {
      ++states[std::string(to_string(delivery.state))];
      events.insert(delivery.event_id);
      if (delivery.state == model::DeliveryState::kDelivered) {
        EXPECT_TRUE(arrived(delivery)) << delivery.id;
      }
      if (delivery.destination_id == "wh_good" || delivery.destination_id == "wh_flaky") {
        EXPECT_NE(delivery.state, model::DeliveryState::kPending) << delivery.id;
      }
    }
    EXPECT_EQ(states["pending"], 0);
    EXPECT_EQ(states["cancelled"], 0);
    EXPECT_GT(states["delivered"], 0);
    EXPECT_GT(states["dead"], 0);
    for (const std::string& id : acknowledged_) EXPECT_TRUE(events.contains(id)) << id;
    for (const auto& seen : world_.handler.seen) EXPECT_TRUE(events.contains(seen.event_id));
    check_order();
    world_.stop(30s);
    world_.database.reset();
  }

 private:
  void start() {
    // A dead endpoint gets one probe in so long; its backlog is to be given up within the test.
    DispatcherOptions options;
    options.breaker.open_ms = 2s;
    world_.start(options);
  }
  void script(const std::string& id, double success_chance, std::uint64_t latency_max) {
    world_.handler.scripts[id] = [=, this](const model::Event&) {
      return ScriptedHandler::Answer{random_.chance(success_chance) ? accepted() : refused(500),
                                     Milliseconds{random_.below(latency_max)}};
    };
  }
  void crash() {
    world_.kept.full_chance = 0;
    if (random_.chance(0.5)) {
      // In the middle of a commit that the disk keeps and nobody hears of.
      world_.kept.dies_after_commit = true;
      world_.publish("bulk.failed", "job_0");
      world_.time.advance(Milliseconds{random_.below(2'000)});
    }
    world_.crash();
    start();
  }
  bool arrived(const model::Delivery& delivery) const {
    return std::ranges::any_of(world_.handler.seen, [&](const ScriptedHandler::Seen& seen) {
      return seen.destination_id == delivery.destination_id && seen.event_id == delivery.event_id &&
             seen.success;
    });
  }
  // An event of a job that arrives for the first time is never older than one that arrived before,
  // but for those that were given up for dead in between, which do not arrive at all.
  void check_order() {
    std::map<std::string, std::string> newest_of_job;
    std::set<std::string> before;
    for (const auto& seen : world_.handler.of("wh_ordered")) {
      if (!before.insert(seen.event_id).second) continue;
      std::string& newest = newest_of_job[seen.job_id];
      EXPECT_LT(newest.substr(0, 14), seen.event_id.substr(0, 14) + "~");
      newest = std::max(newest, seen.event_id);
    }
  }

  World world_;
  SeededRandom random_;
  std::vector<std::string> acknowledged_;
};

TEST(DispatcherCrashes, EveryAcknowledgedDeliveryIsAccountedForOverTwoHundredSeeds) {
  set_log_level(LogLevel::kOff);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    CrashRun run(seed);
    run.run();
    run.check();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace verihook::delivery
