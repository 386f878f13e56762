#include "gateway/alert_watch.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/random.h"
#include "model/tenant.h"
#include "store/accounts.h"
#include "store/destinations.h"
#include "store/events.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"
#include "tests/support/virtual_time.h"

namespace verihook::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using verihook::testing::run_task;
using verihook::testing::VirtualTime;

class AlertWatchTest : public ::testing::Test {
 protected:
  AlertWatchTest() {
    EXPECT_TRUE(database_.open().has_value());
    source_.tenant_id = model::kDefaultTenant;
    source_.id = "src_1";
    source_.name = "door";
    write([&](store::Connection& db) {
      return store::insert_tenant(db, {std::string(model::kDefaultTenant), "default", {}});
    });
    write([&](store::Connection& db) { return store::insert_source(db, source_); });
    start();
  }

  // As after a restart.
  void start() {
    watch_ = std::make_unique<AlertWatch>(
        io_.get_executor(), time_, database_, outbox_, shares_, [this] { return figures_; },
        [this](delivery::Published published) { published_.push_back(std::move(published)); },
        AlertWatchOptions{});
  }
  template <class Function>
  void write(Function function) {
    const auto done = run_task(io_, database_.write(function));
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
  }
  // One look; what it told, by type and alert.
  std::vector<std::string> look() {
    published_.clear();
    const auto looked = run_task(io_, watch_->look());
    EXPECT_TRUE(looked.has_value()) << (looked ? "" : looked.error().message);
    std::vector<std::string> told;
    for (const auto& one : published_) {
      const std::string& body = one.event->body;
      const auto at = body.find("\"alert\":\"") + 9;
      told.push_back(one.event->type == "source.rejecting"
                         ? one.event->type
                         : one.event->type + " " + body.substr(at, body.find('"', at) - at));
    }
    return told;
  }
  void receive(WallTime at, std::string_view tenant_id = model::kDefaultTenant) {
    model::Event event;
    event.tenant_id = tenant_id;
    event.id = ids_.make(id_prefix::kEvent);
    event.type = "a.b";
    event.origin = model::EventOrigin::kReceived;
    event.source_id = source_.id;
    event.source_name = source_.name;
    event.created_at = at;
    write([&](store::Connection& db) -> Result<void> {
      TRY_VOID(store::remember_dedup_key(db, source_.id, event.id, event.id, at));
      return store::insert_event(db, event);
    });
  }

  using Told = std::vector<std::string>;

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SeededRandom random_{7};
  IdMaker ids_{time_.clock(), random_};
  store::Database database_{std::make_unique<store::sqlite::SqliteDriver>(
                                "", store::sqlite::SqliteOptions{.in_memory = true, .vfs = ""}),
                            {.inline_executor = io_.get_executor()},
                            [](const Error&) {}};
  delivery::Outbox outbox_{time_.clock(), random_, "node_1"};
  RequestShares shares_{time_.clock(), {}};
  DeliveryFigures figures_;
  std::vector<delivery::Published> published_;
  model::Source source_;
  std::unique_ptr<AlertWatch> watch_;
};

TEST_F(AlertWatchTest, ToldOnceWhenItIsBadAndOnceWhenItIsGoodAgain) {
  figures_.oldest_due_age = minutes{2};
  EXPECT_EQ(look(), (Told{"alert.raised late"}));
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("late"), 1);
  figures_.oldest_due_age = Milliseconds{50'000};
  EXPECT_EQ(look(), Told{});
  figures_.oldest_due_age = Milliseconds{0};
  EXPECT_EQ(look(), (Told{"alert.cleared late"}));
  EXPECT_EQ(watch_->raised().at("late"), 0);
}

TEST_F(AlertWatchTest, ARestartTellsNothingTwice) {
  figures_.oldest_due_age = minutes{2};
  look();
  start();
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("late"), 1);
  figures_.oldest_due_age = Milliseconds{0};
  EXPECT_EQ(look(), (Told{"alert.cleared late"}));
  start();
  EXPECT_EQ(look(), Told{});
}

TEST_F(AlertWatchTest, TheShareOfFailuresIsThatOfTheWindow) {
  figures_ = {.delivered = 10, .failed = 5};
  EXPECT_EQ(look(), Told{});  // too few to say anything
  figures_ = {.delivered = 20, .failed = 15};
  EXPECT_EQ(look(), (Told{"alert.raised failure_rate"}));
  time_.advance(minutes{5});
  figures_.delivered += 100;
  EXPECT_EQ(look(), (Told{"alert.cleared failure_rate"}));
}

TEST_F(AlertWatchTest, DeadLettersAreTheirTenantsAlert) {
  model::Event event;
  event.tenant_id = model::kDefaultTenant;
  event.id = "evt_1";
  model::Delivery dead;
  dead.tenant_id = event.tenant_id;
  dead.id = "dlv_1";
  dead.event_id = event.id;
  dead.destination_id = "wh_1";
  dead.state = model::DeliveryState::kDead;
  write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_event(db, event));
    return store::insert_delivery(db, dead);
  });
  EXPECT_EQ(look(), (Told{"alert.raised dead_letters"}));
  EXPECT_EQ(published_[0].event->tenant_id, model::kDefaultTenant);
  dead.state = model::DeliveryState::kDelivered;
  write([&](store::Connection& db) { return store::update_delivery(db, dead); });
  EXPECT_EQ(look(), (Told{"alert.cleared dead_letters"}));
}

TEST_F(AlertWatchTest, ASourceThatUsedToSpeakAndIsSilentIsTold) {
  for (int i = 0; i < 5; ++i) {
    receive(time_.clock().wall_now());
    time_.advance(hours{1});
  }
  EXPECT_EQ(look(), Told{});
  time_.advance(hours{24});
  EXPECT_EQ(look(), (Told{"alert.raised source_silent"}));
  EXPECT_NE(published_[0].event->body.find(R"("subject":"door")"), std::string::npos);
  receive(time_.clock().wall_now());
  EXPECT_EQ(look(), (Told{"alert.cleared source_silent"}));
}

TEST_F(AlertWatchTest, ASourceThatSpeaksForManyTenantsIsSilentWhenNoneOfThemHearsIt) {
  source_.settings = R"({"tenant_rule":"route","silence_s":60})";
  write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_tenant(db, {"ten_1", "first", {}}));
    TRY_VOID(store::insert_tenant(db, {"ten_2", "second", {}}));
    return store::update_source(db, source_);
  });
  receive(time_.clock().wall_now(), "ten_1");
  time_.advance(std::chrono::seconds{50});
  receive(time_.clock().wall_now(), "ten_2");
  time_.advance(std::chrono::seconds{50});
  EXPECT_EQ(look(), Told{});
  time_.advance(std::chrono::seconds{50});
  EXPECT_EQ(look(), (Told{"alert.raised source_silent"}));
  receive(time_.clock().wall_now(), "ten_1");
  EXPECT_EQ(look(), (Told{"alert.cleared source_silent"}));
}

TEST_F(AlertWatchTest, ASourceBehindManyOthersIsNotTakenForDeleted) {
  write([&](store::Connection& db) -> Result<void> {
    for (int i = 0; i < 1'100; ++i) {
      model::Source other;
      other.tenant_id = model::kDefaultTenant;
      other.id = "src_0" + std::to_string(i);  // before ours
      other.name = "door" + std::to_string(i);
      TRY_VOID(store::insert_source(db, other));
    }
    source_.settings = R"({"silence_s":60})";
    return store::update_source(db, source_);
  });
  receive(time_.clock().wall_now());
  time_.advance(minutes{2});
  EXPECT_EQ(look(), (Told{"alert.raised source_silent"}));
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("source_silent"), 1);
}

TEST_F(AlertWatchTest, ASourceThatIsDeletedIsForgotten) {
  source_.settings = R"({"silence_s":60})";
  write([&](store::Connection& db) { return store::update_source(db, source_); });
  receive(time_.clock().wall_now());
  time_.advance(minutes{2});
  EXPECT_EQ(look(), (Told{"alert.raised source_silent"}));
  write([&](store::Connection& db) {
    return store::delete_source(db, source_.tenant_id, source_.id);
  });
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("source_silent"), 0);
  start();
  look();
  EXPECT_EQ(watch_->raised().at("source_silent"), 0);
}

TEST_F(AlertWatchTest, ASourceThatRefusesWhatItUsedToAcceptIsToldOnceUntilItRecovers) {
  const auto note = [&](Outcome outcome, int count) {
    for (int i = 0; i < count; ++i) shares_.note(source_, outcome);
  };
  note(Outcome::kInvalidSignature, 20);
  EXPECT_EQ(look(), Told{});  // it has never accepted anything
  receive(time_.clock().wall_now());
  EXPECT_EQ(look(), (Told{"source.rejecting"}));
  EXPECT_NE(published_[0].event->body.find(R"("source":"door","rejected_count":20)"),
            std::string::npos)
      << published_[0].event->body;
  note(Outcome::kInvalidSignature, 20);
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("source_rejecting"), 1);
  time_.advance(minutes{10});
  note(Outcome::kAccepted, 20);
  EXPECT_EQ(look(), Told{});
  EXPECT_EQ(watch_->raised().at("source_rejecting"), 0);
  note(Outcome::kInvalidSignature, 40);
  EXPECT_EQ(look(), (Told{"source.rejecting"}));
}

TEST_F(AlertWatchTest, LooksAtIntervalsUntilItIsStopped) {
  watch_->start();
  figures_.oldest_due_age = minutes{2};
  time_.advance(Milliseconds{31'000});
  EXPECT_EQ(published_.size(), 1u);
  run_task(io_, [](AlertWatch& watch) -> Task<bool> {
    co_await watch.stop();
    co_return true;
  }(*watch_));
}

}  // namespace
}  // namespace verihook::gateway
