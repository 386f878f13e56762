#include "jobs/intake.h"

#include <gtest/gtest.h>

#include "store/jobs.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"

namespace verihook::jobs {
namespace {

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest() {
    const auto opened = database_.open();
    EXPECT_TRUE(opened) << opened.error().message;
  }

  template <class T>
  T run(Task<T> task) {
    return testing::run_task(io_, std::move(task));
  }

  Result<model::Job> commit(Intake& intake, BulkRequest request = {}) {
    return run(
        intake.commit(std::move(request),
                      [](store::Connection&, const model::Job&) -> Result<void> { return {}; }));
  }

  // The rows of the job's chunks that get a result.
  std::vector<InputRow> rows_of(const model::Job& job) {
    std::vector<InputRow> rows;
    for (std::int64_t number = 0; number < job.chunk_count; ++number) {
      const auto stored = run(database_.read([&](store::Connection& db) {
        return store::find_chunk_results(db, job.tenant_id, job.id, number, true);
      }));
      const auto decoded = decode_rows(stored.value().input).value();
      EXPECT_EQ(stored->chunk.row_count, std::ssize(decoded));
      rows.insert(rows.end(), decoded.begin(), decoded.end());
    }
    return rows;
  }

  asio::io_context io_{1};
  SystemClock clock_;
  store::Database database_{std::make_unique<store::sqlite::SqliteDriver>(
                                "", store::sqlite::SqliteOptions{.in_memory = true, .vfs = ""}),
                            {.inline_executor = io_.get_executor()},
                            [](const Error&) {}};
};

TEST_F(IntakeTest, KeepsTheNumbersIdsAndColumnsOfItsRows) {
  Intake intake(database_, nullptr, clock_, "a", "job_1", {.chunk_rows = 2});
  intake.add({.number = 7, .email = "a@x.test", .id = "one", .data = R"({"b":"c"})"});
  intake.add({.email = "b@x.test"});
  intake.add({.number = 12, .email = "A@X.test"});
  intake.add({.number = 13, .email = "c@x.test"});
  const auto job = commit(intake);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->state, model::JobState::kQueued);
  EXPECT_EQ(job->total_count, 3);
  EXPECT_EQ(job->summary.duplicates, 1);
  const std::vector<InputRow> expected = {
      {7, "a@x.test", "one", R"({"b":"c"})"}, {8, "b@x.test", "", ""}, {13, "c@x.test", "", ""}};
  EXPECT_EQ(rows_of(*job), expected);
}

TEST_F(IntakeTest, LeavesAJobThatIsNotToStartPaused) {
  Intake intake(database_, nullptr, clock_, "a", "job_1");
  intake.add({.email = "a@x.test"});
  BulkRequest request;
  request.start = false;
  const auto job = commit(intake, request);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->state, model::JobState::kPaused);
}

TEST_F(IntakeTest, RefusesAListWithoutRows) {
  Intake intake(database_, nullptr, clock_, "a", "job_1");
  EXPECT_EQ(commit(intake).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace verihook::jobs
