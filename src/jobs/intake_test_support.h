// For tests of what takes lists in: a store in memory, and what came to be in it.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "jobs/intake.h"
#include "model/rejected_entry.h"
#include "store/database.h"

namespace verihook::jobs {

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest();

  Result<void> store_ready(Intake& intake);
  Result<model::Job> commit(Intake& intake, BulkRequest request = {});
  // Abandons it; whether anything is left then.
  bool leaves_rest(Intake& intake);

  bool is_there(const std::string& job_id);
  // The rows of the job's chunks that get a result.
  std::vector<InputRow> rows_of(const model::Job& job);
  std::vector<model::RejectedEntry> rejected_of(const model::Job& job, std::int64_t after_number);

  asio::io_context io_{1};
  SystemClock clock_;
  store::Database database_;
};

}  // namespace verihook::jobs
