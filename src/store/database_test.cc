#include "store/database.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "store/metadata.h"
#include "store/sqlite/sqlite_driver.h"

namespace verihook::store {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("verihook-database-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  ~DatabaseTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(DatabaseOptions options = {}, bool in_memory = false) {
    database_ = std::make_unique<Database>(
        std::make_unique<sqlite::SqliteDriver>(
            folder_ / "data" / "test.db", sqlite::SqliteOptions{.in_memory = in_memory, .vfs = {}}),
        std::move(options), [this](const Error&) { ++failures_; });
    const auto opened = database_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void open_inline(bool in_memory) {
    DatabaseOptions options;
    options.inline_executor = io_.get_executor();
    open(std::move(options), in_memory);
  }

  // Keeps the writer busy until the returned latch is released, so that what follows meets in a
  // batch.
  struct Latch {
    std::atomic<bool> entered = false;
    std::atomic<bool> open = false;
  };
  Task<void> hold(std::shared_ptr<Latch> latch) {
    const auto held = co_await database_->write([latch](Connection&) -> Result<void> {
      latch->entered = true;
      latch->entered.notify_all();
      latch->open.wait(false);
      return {};
    });
    EXPECT_TRUE(held);
  }
  std::shared_ptr<Latch> hold_writer() {
    auto latch = std::make_shared<Latch>();
    group_.spawn("hold", hold(latch));
    io_.poll();
    latch->entered.wait(false);
    return latch;
  }
  static void release(const std::shared_ptr<Latch>& latch) {
    latch->open = true;
    latch->open.notify_all();
  }

  Task<void> put(int number, Result<void>* answer) {
    *answer = co_await database_->write([number](Connection& db) {
      return put_metadata(db, "key" + std::to_string(number), "value");
    });
  }
  Task<void> put_and_fail(int number, Result<void>* answer) {
    *answer = co_await database_->write([number](Connection& db) -> Result<void> {
      TRY_VOID(put_metadata(db, "key" + std::to_string(number), "value"));
      return fail(Errc::kConflict, "no");
    });
  }
  Task<void> put_and_throw(int number, Result<void>* answer) {
    *answer = co_await database_->write([number](Connection& db) -> Result<void> {
      TRY_VOID(put_metadata(db, "key" + std::to_string(number), "value"));
      throw std::runtime_error("a fault");
    });
  }
  Task<void> count(std::int64_t* total) {
    const auto counted = co_await database_->read([](Connection& db) -> Result<std::int64_t> {
      std::int64_t rows = 0;
      TRY_VOID(db.query("SELECT COUNT(*) FROM metadata", {}, [&](const Row& row) {
        rows = row.integer(0);
        return true;
      }));
      return rows;
    });
    EXPECT_TRUE(counted) << counted.error().message;
    *total = counted.value_or(-1);
  }
  std::int64_t rows() {
    std::int64_t total = -1;
    group_.spawn("count", count(&total));
    run();
    return total;
  }
  void run() {
    io_.restart();
    io_.run();
  }

  std::filesystem::path folder_;
  asio::io_context io_{1};
  std::atomic<int> failures_ = 0;
  std::unique_ptr<Database> database_;
  TaskGroup group_{io_.get_executor(), "test"};
};

TEST_F(DatabaseTest, AThousandWritesShareAFewCommitsAndAreAllAnswered) {
  open();
  const auto latch = hold_writer();
  std::vector<Result<void>> answers(1000, fail(Errc::kInternal, "never answered"));
  for (int i = 0; i < 1000; ++i) group_.spawn("put", put(i, &answers[static_cast<std::size_t>(i)]));
  io_.poll();
  EXPECT_EQ(database_->stats().queued_writes, 1000u);
  release(latch);
  run();
  for (const auto& answer : answers) ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(rows(), 1000);
  EXPECT_EQ(database_->stats().writes, 1001u);
  EXPECT_EQ(database_->stats().commits, 2u);  // the latch's, and everybody else's
  EXPECT_EQ(failures_, 0);
}

TEST_F(DatabaseTest, ABatchIsNoLargerThanItsLimit) {
  DatabaseOptions options;
  options.batch_writes_max = 10;
  open(options);
  const auto latch = hold_writer();
  std::vector<Result<void>> answers(95);
  for (int i = 0; i < 95; ++i) group_.spawn("put", put(i, &answers[static_cast<std::size_t>(i)]));
  io_.poll();
  release(latch);
  run();
  EXPECT_EQ(database_->stats().commits, 11u);
  EXPECT_EQ(rows(), 95);
}

TEST_F(DatabaseTest, AFailingFunctionLeavesNothingAndDoesNotHurtItsNeighbours) {
  open();
  const auto latch = hold_writer();
  std::array<Result<void>, 5> answers;
  group_.spawn("put", put(0, &answers[0]));
  group_.spawn("fail", put_and_fail(1, &answers[1]));
  group_.spawn("put", put(2, &answers[2]));
  group_.spawn("throw", put_and_throw(3, &answers[3]));
  group_.spawn("put", put(4, &answers[4]));
  io_.poll();
  release(latch);
  run();
  EXPECT_TRUE(answers[0] && answers[2] && answers[4]);
  EXPECT_EQ(answers[1].error().code, Errc::kConflict);
  EXPECT_EQ(answers[3].error().code, Errc::kInternal);
  EXPECT_EQ(rows(), 3);
  EXPECT_EQ(database_->stats().writes_failed, 2u);
  EXPECT_EQ(database_->stats().commits, 2u);
}

TEST_F(DatabaseTest, AFailingFunctionAloneInItsBatchLeavesNothing) {
  open();
  Result<void> answer;
  group_.spawn("fail", put_and_fail(1, &answer));
  run();
  EXPECT_EQ(answer.error().code, Errc::kConflict);
  group_.spawn("throw", put_and_throw(1, &answer));
  run();
  EXPECT_EQ(answer.error().code, Errc::kInternal);
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(database_->stats().commits, 0u);
}

TEST_F(DatabaseTest, AFullQueueAnswersBusyAtOnce) {
  DatabaseOptions options;
  options.queued_writes_max = 3;
  open(options);
  const auto latch = hold_writer();
  std::vector<Result<void>> answers(5);
  for (int i = 0; i < 5; ++i) group_.spawn("put", put(i, &answers[static_cast<std::size_t>(i)]));
  io_.poll();
  EXPECT_EQ(answers[3].error().code, Errc::kBusy);
  EXPECT_EQ(answers[4].error().code, Errc::kBusy);
  release(latch);
  run();
  EXPECT_TRUE(answers[0] && answers[1] && answers[2]);
  EXPECT_EQ(rows(), 3);
}

TEST_F(DatabaseTest, AWaitingCallerCannotBeCancelledAwayFromItsAnswer) {
  open();
  const auto latch = hold_writer();
  Result<void> answer = fail(Errc::kInternal, "never answered");
  group_.spawn("put", put(1, &answer));
  io_.poll();
  group_.cancel();
  io_.poll();
  EXPECT_EQ(answer.error().message, "never answered");
  release(latch);
  run();
  EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(rows(), 1);
}

TEST_F(DatabaseTest, ReadersCannotWrite) {
  open();
  Result<void> answer;
  const auto attempt = [this](Result<void>* out) -> Task<void> {
    *out = co_await database_->read(
        [](Connection& db) -> Result<void> { return put_metadata(db, "k", "v"); });
  };
  group_.spawn("write through a reader", attempt(&answer));
  run();
  EXPECT_EQ(answer.error().code, Errc::kInternal);
  EXPECT_EQ(rows(), 0);
}

TEST_F(DatabaseTest, AReadSeesOneMomentWhateverIsCommittedMeanwhile) {
  open();
  auto between = std::make_shared<Latch>();
  std::pair<std::int64_t, std::int64_t> seen;
  const auto read_twice = [this](std::shared_ptr<Latch> latch,
                                 std::pair<std::int64_t, std::int64_t>* out) -> Task<void> {
    *out = *co_await database_->read(
        [latch](Connection& db) -> Result<std::pair<std::int64_t, std::int64_t>> {
          std::pair<std::int64_t, std::int64_t> both;
          const auto count_into = [&](std::int64_t& rows) {
            return db.query("SELECT COUNT(*) FROM metadata", {}, [&](const Row& row) {
              rows = row.integer(0);
              return true;
            });
          };
          TRY_VOID(count_into(both.first));
          latch->entered = true;
          latch->entered.notify_all();
          latch->open.wait(false);
          TRY_VOID(count_into(both.second));
          return both;
        });
  };
  group_.spawn("read", read_twice(between, &seen));
  io_.poll();
  between->entered.wait(false);
  Result<void> answer = fail(Errc::kInternal, "never answered");
  group_.spawn("put", put(1, &answer));
  while (!answer) io_.run_one();
  release(between);
  run();
  EXPECT_EQ(seen, (std::pair<std::int64_t, std::int64_t>{0, 0}));
  EXPECT_EQ(rows(), 1);
}

TEST_F(DatabaseTest, ClosingCommitsWhatIsQueued) {
  open();
  const auto latch = hold_writer();
  std::vector<Result<void>> answers(20, fail(Errc::kInternal, "never answered"));
  for (int i = 0; i < 20; ++i) group_.spawn("put", put(i, &answers[static_cast<std::size_t>(i)]));
  io_.poll();
  release(latch);
  database_.reset();
  run();
  for (const auto& answer : answers) EXPECT_TRUE(answer) << answer.error().message;
  open();
  EXPECT_EQ(rows(), 20);
}

TEST_F(DatabaseTest, AnInMemoryDatabaseReadsBetweenItsWrites) {
  open({}, true);
  std::vector<Result<void>> answers(50);
  for (int i = 0; i < 50; ++i) {
    group_.spawn("put", put(i, &answers[static_cast<std::size_t>(i)]));
    std::int64_t total = 0;
    group_.spawn("count", count(&total));
    run();
    EXPECT_LE(total, i + 1);
  }
  EXPECT_EQ(rows(), 50);
}

class InlineDatabaseTest : public DatabaseTest, public ::testing::WithParamInterface<bool> {};

TEST_P(InlineDatabaseTest, RunsInTheOrderOfTheCallsOnTheExecutor) {
  open_inline(GetParam());
  std::vector<std::string> order;
  const auto note = [this](std::string what, std::vector<std::string>* out) -> Task<void> {
    if (what[0] == 'r') {
      const auto done = co_await database_->read([what, out](Connection&) -> Result<void> {
        out->push_back(what);
        return {};
      });
      EXPECT_TRUE(done);
    } else {
      const auto done = co_await database_->write([what, out](Connection& db) -> Result<void> {
        out->push_back(what);
        return put_metadata(db, what, "");
      });
      EXPECT_TRUE(done);
    }
  };
  for (const char* what : {"w1", "w2", "r1", "w3", "r2", "r3", "w4"}) {
    group_.spawn(what, note(what, &order));
  }
  run();
  EXPECT_EQ(order, (std::vector<std::string>{"w1", "w2", "r1", "w3", "r2", "r3", "w4"}));
  EXPECT_EQ(database_->stats().commits, 3u);
  EXPECT_EQ(database_->stats().reads, 3u);
  EXPECT_EQ(rows(), 4);
}

TEST_P(InlineDatabaseTest, FailuresLeaveNothingAndReadersCannotWrite) {
  open_inline(GetParam());
  std::array<Result<void>, 3> answers;
  group_.spawn("put", put(0, &answers[0]));
  group_.spawn("fail", put_and_fail(1, &answers[1]));
  const auto attempt = [this](Result<void>* out) -> Task<void> {
    *out = co_await database_->read(
        [](Connection& db) -> Result<void> { return put_metadata(db, "k", "v"); });
  };
  group_.spawn("write through a reader", attempt(&answers[2]));
  run();
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(answers[1].error().code, Errc::kConflict);
  EXPECT_EQ(answers[2].error().code, Errc::kInternal);
  EXPECT_EQ(rows(), 1);
}

TEST_P(InlineDatabaseTest, GoingAwayBeforeItsTurnStillAnswers) {
  open_inline(GetParam());
  Result<void> answer = fail(Errc::kInternal, "never answered");
  group_.spawn("put", put(1, &answer));
  // The spawn's turn, which queues the write; the database's own turn is still to come.
  while (database_->stats().queued_writes == 0) io_.poll_one();
  database_.reset();
  run();
  EXPECT_TRUE(answer);
}

INSTANTIATE_TEST_SUITE_P(InMemoryAndOnDisk, InlineDatabaseTest, ::testing::Bool());

}  // namespace
}  // namespace verihook::store
