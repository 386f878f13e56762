// What the tests of the repositories share: an in-memory database with the newest schema, and
// values with every field set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/destination.h"
#include "model/event.h"
#include "model/job.h"
#include "store/connection.h"

namespace verihook::store {

class RepositoryTest : public ::testing::Test {
 protected:
  RepositoryTest();
  ~RepositoryTest() override;

  Connection& db() { return *connection_; }
  // The steps of SQLite's plan for a query.
  std::string plan_of(std::string_view sql, std::size_t params);

  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Connection> connection_;
};

inline WallTime at_s(std::int64_t seconds) {
  return from_unix_ms(1'800'000'000'000 + seconds * 1000);
}

// The error's code; kInternal never stands for success because the test fails then.
template <class T>
Errc code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Errc::kInternal : result.error().code;
}

model::Summary full_summary(std::int64_t base);
model::Job make_job(const std::string& tenant, const std::string& id, model::JobState state);
model::Chunk make_chunk(const model::Job& job, std::int64_t number, std::int64_t rows);
model::Event make_event(const std::string& tenant, const std::string& id);
model::Delivery make_delivery(const model::Event& event, const std::string& id,
                              const std::string& destination_id);
model::Destination make_destination(const std::string& tenant, const std::string& id);

}  // namespace verihook::store
