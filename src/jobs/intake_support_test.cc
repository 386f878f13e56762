#include "jobs/intake_test_support.h"
#include "store/jobs.h"
#include "store/rejected_entries.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"

namespace verihook::jobs {
namespace {

Task<bool> abandon_rest(Intake& intake) {
  co_await intake.abandon();
  co_return intake.has_rest();
}

}  // namespace

using verihook::testing::run_task;

IntakeTest::IntakeTest()
    : database_(std::make_unique<store::sqlite::SqliteDriver>(
                    "", store::sqlite::SqliteOptions{.in_memory = true, .vfs = ""}),
                {.inline_executor = io_.get_executor()}, [](const Error&) {}) {
  const auto opened = database_.open();
  EXPECT_TRUE(opened) << opened.error().message;
}

Result<void> IntakeTest::store_ready(Intake& intake) { return run_task(io_, intake.store_ready()); }

Result<model::Job> IntakeTest::commit(Intake& intake, BulkRequest request) {
  return run_task(
      io_, intake.commit(std::move(request),
                         [](store::Connection&, const model::Job&) -> Result<void> { return {}; }));
}

bool IntakeTest::leaves_rest(Intake& intake) { return run_task(io_, abandon_rest(intake)); }

bool IntakeTest::is_there(const std::string& job_id) {
  return run_task(io_, database_.read(
                           [&](store::Connection& db) { return store::find_job(db, "a", job_id); }))
      .has_value();
}

std::vector<InputRow> IntakeTest::rows_of(const model::Job& job) {
  std::vector<InputRow> rows;
  for (std::int64_t number = 0; number < job.chunk_count; ++number) {
    const auto stored = run_task(io_, database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job.tenant_id, job.id, number, true);
    }));
    const auto decoded = decode_rows(stored.value().input).value();
    EXPECT_EQ(stored->chunk.row_count, std::ssize(decoded));
    rows.insert(rows.end(), decoded.begin(), decoded.end());
  }
  return rows;
}

std::vector<model::RejectedEntry> IntakeTest::rejected_of(const model::Job& job,
                                                          std::int64_t after_number) {
  return run_task(io_, database_.read([&](store::Connection& db) {
           return store::list_rejected_entries(db, job.tenant_id, job.id, after_number, 1'000);
         }))
      .value();
}

}  // namespace verihook::jobs
