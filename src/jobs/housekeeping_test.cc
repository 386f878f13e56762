#include "jobs/housekeeping.h"

#include <gtest/gtest.h>

#include "store/jobs.h"
#include "tests/support/run_task.h"
#include "tests/support/surviving_store.h"
#include "tests/support/virtual_time.h"

namespace verihook::jobs {
namespace {

using namespace std::chrono_literals;
using testing::run_task;

class HousekeepingTest : public ::testing::Test {
 protected:
  HousekeepingTest() { start(); }
  ~HousekeepingTest() override { stop(); }

  void start() {
    database_ = std::make_unique<store::Database>(
        kept_.driver(), store::DatabaseOptions{.inline_executor = io_.get_executor()},
        [](const Error&) {});
    ASSERT_TRUE(database_->open());
    HousekeepingOptions options;
    options.slice.chunks = 2;
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
  void add_job(const std::string& id, std::int64_t chunks) {
    const auto added = write([&](store::Connection& db) -> Result<void> {
      model::Job job;
      job.tenant_id = "default";
      job.id = id;
      job.state = model::JobState::kQueued;
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

}  // namespace
}  // namespace verihook::jobs
