#include "jobs/housekeeping.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/accounts.h"
#include "store/events.h"
#include "store/jobs.h"
#include "store/verifications.h"
#include "tests/support/run_task.h"
#include "tests/support/surviving_store.h"
#include "tests/support/virtual_time.h"

namespace verihook::jobs {
namespace {

using namespace std::chrono_literals;
using testing::run_task;

class HousekeepingTest : public ::testing::Test {
 protected:
  HousekeepingTest() {
    start();
    EXPECT_TRUE(run_task(io_, database_->write([](store::Connection& db) {
      return store::insert_tenant(db, {.id = "default", .name = "", .created_at = {}});
    })));
  }
  ~HousekeepingTest() override { stop(); }

  void start() {
    database_ = std::make_unique<store::Database>(
        kept_.driver(), store::DatabaseOptions{.inline_executor = io_.get_executor()},
        [](const Error&) {});
    ASSERT_TRUE(database_->open());
    HousekeepingOptions options;
    options.slice.chunks = 2;
    options.slice.rows = 2;
    options.retention_days = 90;
    housekeeping_ = std::make_unique<Housekeeping>(io_.get_executor(), time_, *database_, options);
    housekeeping_->start();
  }
  void stop() {
    bool stopped = false;
    asio::co_spawn(io_, housekeeping_->stop(), [&](std::exception_ptr) { stopped = true; });
    for (int turn = 0; turn < 100 && !stopped; ++turn) time_.advance(1s);
    housekeeping_.reset();
    database_.reset();
  }
  // The process ends here and another takes up what it left.
  void restart() {
    kept_.dead = true;
    stop();
    kept_.dead = false;
    start();
  }

  template <class Function>
  auto write(Function function) {
    return run_task(io_, database_->write(std::move(function)));
  }
  void add_job(const std::string& id, std::int64_t chunks,
               model::JobState state = model::JobState::kQueued,
               std::optional<std::int64_t> retention_days = {}) {
    const auto added = write([&](store::Connection& db) -> Result<void> {
      model::Job job;
      job.tenant_id = "default";
      job.id = id;
      job.state = state;
      job.options.retention_days = retention_days;
      job.created_at = time_.clock().wall_now();
      if (model::is_final(state)) job.finished_at = job.created_at;
      TRY_VOID(store::insert_job(db, job));
      for (std::int64_t i = 0; i < chunks; ++i) {
        model::Chunk chunk;
        chunk.tenant_id = job.tenant_id;
        chunk.job_id = id;
        chunk.number = i;
        TRY_VOID(store::insert_chunk(db, chunk, "rows"));
      }
      return {};
    });
    ASSERT_TRUE(added) << added.error().message;
  }
  // Under an id of its time.
  std::string add_ended_job(std::optional<std::int64_t> retention_days = {}) {
    const std::string id = ids_.make(id_prefix::kJob);
    add_job(id, 3, model::JobState::kCompleted, retention_days);
    return id;
  }
  std::string add_event(model::DeliveryState state, model::EventOrigin origin) {
    model::Event event;
    event.tenant_id = "default";
    event.id = ids_.make(id_prefix::kEvent);
    event.origin = origin;
    event.created_at = time_.clock().wall_now();
    model::Delivery delivery;
    delivery.tenant_id = event.tenant_id;
    delivery.id = ids_.make(id_prefix::kDelivery);
    delivery.event_id = event.id;
    delivery.state = state;
    EXPECT_TRUE(write([&](store::Connection& db) -> Result<void> {
      TRY_VOID(store::insert_event(db, event));
      return store::insert_delivery(db, delivery);
    }));
    return event.id;
  }
  std::string add_verification(bool done) {
    model::Verification verification;
    verification.tenant_id = "default";
    verification.id = ids_.make(id_prefix::kVerification);
    if (done) verification.result = "{}";
    EXPECT_TRUE(
        write([&](store::Connection& db) { return store::insert_verification(db, verification); }));
    return verification.id;
  }
  void keep(std::optional<std::int64_t> days) {
    ASSERT_TRUE(write([&](store::Connection& db) -> Result<void> {
      TRY(tenant, store::find_tenant(db, "default"));
      tenant.retention_days = days;
      return store::update_tenant(db, tenant);
    }));
    housekeeping_->wake_retention();
    time_.advance(1ms);
  }
  template <class Find>
  bool is_there(Find find, const std::string& id) {
    return write([&](store::Connection& db) -> Result<bool> {
             return find(db, "default", id).has_value();
           })
        .value();
  }
  bool job_is_there(const std::string& id) { return is_there(store::find_job, id); }
  bool event_is_there(const std::string& id) { return is_there(store::find_event, id); }
  bool verification_is_there(const std::string& id) {
    return is_there(store::find_verification, id);
  }
  void delete_job(const std::string& id) {
    ASSERT_TRUE(write([&](store::Connection& db) { return store::delete_job(db, "default", id); }));
  }
  std::int64_t chunks_of(const std::string& id) {
    return write([&](store::Connection& db) -> Result<std::int64_t> {
             return store::count_open_chunks(db, "default", id);
           })
        .value();
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  testing::SurvivingStore kept_;
  SeededRandom random_{1};
  IdMaker ids_{time_.clock(), random_};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Housekeeping> housekeeping_;
};

TEST_F(HousekeepingTest, RemovesADeletedJobWhenItIsWoken) {
  add_job("job_1", 7);
  delete_job("job_1");
  housekeeping_->wake();
  time_.advance(1ms);
  EXPECT_EQ(chunks_of("job_1"), 0);
  EXPECT_EQ(housekeeping_->stats().slices, 5u);  // four of chunks, one of the mark that is left
}

TEST_F(HousekeepingTest, DoesNotLookThroughAllJobsBecauseOneWasDeleted) {
  time_.advance(1ms);
  EXPECT_EQ(housekeeping_->stats().sweeps, 1u);
  housekeeping_->wake();
  time_.advance(1ms);
  EXPECT_EQ(housekeeping_->stats().sweeps, 1u);
  housekeeping_->wake_retention();
  time_.advance(1ms);
  EXPECT_EQ(housekeeping_->stats().sweeps, 2u);
}

TEST_F(HousekeepingTest, LooksOnceAnHourAndNotInBetween) {
  time_.advance(1ms);
  EXPECT_EQ(housekeeping_->stats().sweeps, 1u);
  add_job("job_1", 1);
  delete_job("job_1");
  time_.advance(59min);
  EXPECT_EQ(chunks_of("job_1"), 1);
  EXPECT_EQ(housekeeping_->stats().sweeps, 1u);
  time_.advance(2min);
  EXPECT_EQ(chunks_of("job_1"), 0);
  EXPECT_EQ(housekeeping_->stats().sweeps, 2u);
}

TEST_F(HousekeepingTest, GoesOnAfterARestartWithWhatWasLeft) {
  add_job("job_1", 7);
  delete_job("job_1");
  kept_.dies_after_commit = true;
  housekeeping_->wake();
  time_.advance(1ms);
  kept_.dies_after_commit = false;
  restart();
  time_.advance(1ms);
  EXPECT_EQ(chunks_of("job_1"), 0);
}

TEST_F(HousekeepingTest, WaitsForAStoreThatIsFull) {
  add_job("job_1", 3);
  delete_job("job_1");
  kept_.full_chance = 1.0;
  housekeeping_->wake();
  time_.advance(10s);
  kept_.full_chance = 0;
  EXPECT_EQ(chunks_of("job_1"), 3);
  time_.advance(2s);
  EXPECT_EQ(chunks_of("job_1"), 0);
}

TEST_F(HousekeepingTest, WhatIsTooOldGoesAndWhatIsStillToBeDoneStays) {
  using enum model::DeliveryState;
  using enum model::EventOrigin;
  const std::string job = add_ended_job();
  const std::string queued = ids_.make(id_prefix::kJob);
  const std::string paused = ids_.make(id_prefix::kJob);
  add_job(queued, 1);
  add_job(paused, 1, model::JobState::kPaused);
  std::vector<std::string> gone;
  std::vector<std::string> kept;
  for (const auto origin : {kProduced, kReceived}) {
    for (const auto state : {kDelivered, kDead, kSuperseded})
      gone.push_back(add_event(state, origin));
    kept.push_back(add_event(kPending, origin));
  }
  const std::string answered = add_verification(true);
  const std::string open = add_verification(false);
  time_.advance(24h * 90 - 1h);
  EXPECT_TRUE(job_is_there(job) && job_is_there(paused) && event_is_there(gone.front()));
  EXPECT_TRUE(verification_is_there(answered));
  time_.advance(2h);
  EXPECT_FALSE(job_is_there(job));
  EXPECT_FALSE(job_is_there(paused));
  EXPECT_TRUE(job_is_there(queued));
  EXPECT_EQ(chunks_of(job), 0);
  EXPECT_EQ(chunks_of(queued), 1);
  for (const auto& id : gone) EXPECT_FALSE(event_is_there(id)) << id;
  for (const auto& id : kept) EXPECT_TRUE(event_is_there(id)) << id;
  EXPECT_FALSE(verification_is_there(answered));
  EXPECT_TRUE(verification_is_there(open));
}

TEST_F(HousekeepingTest, AJobAndItsTenantMayBothSayHowLongAndTheShorterCounts) {
  const std::string own = add_ended_job(7);
  const std::string longer = add_ended_job(365);
  const std::string plain = add_ended_job();
  time_.advance(24h * 8);
  EXPECT_FALSE(job_is_there(own));
  EXPECT_TRUE(job_is_there(longer) && job_is_there(plain));
  time_.advance(24h * 90);
  EXPECT_FALSE(job_is_there(longer) || job_is_there(plain));
}

TEST_F(HousekeepingTest, AChangeOfRetentionTakesEffectForWhatIsThere) {
  keep(0);
  const std::string job = add_ended_job();
  const std::string own = add_ended_job(400);
  time_.advance(24h * 365);
  EXPECT_TRUE(job_is_there(job));
  time_.advance(24h * 36);
  EXPECT_FALSE(job_is_there(own));
  keep(402);
  EXPECT_TRUE(job_is_there(job));
  keep(400);
  EXPECT_FALSE(job_is_there(job));
}

}  // namespace
}  // namespace verihook::jobs
