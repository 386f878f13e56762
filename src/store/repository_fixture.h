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
#include "store/destinations.h"
#include "store/events.h"

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

// Keeps SQLite's plans of the statements that run through it.
class PlannedConnection final : public Connection {
 public:
  explicit PlannedConnection(Connection& inner) : inner_(inner) {}
  using Connection::execute;
  using Connection::query;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override {
    note(sql, params);
    return inner_.execute(sql, params);
  }
  Result<void> query(std::string_view sql, std::span<const Param> params,
                     const std::function<bool(const Row&)>& on_row) override {
    note(sql, params);
    return inner_.query(sql, params, on_row);
  }
  Result<void> execute_script(std::string_view sql) override { return inner_.execute_script(sql); }

  const std::string& plans() const { return plans_; }

 private:
  void note(std::string_view sql, std::span<const Param> params) {
    EXPECT_TRUE(inner_.query("EXPLAIN QUERY PLAN " + std::string(sql), params, [&](const Row& row) {
      plans_ += row.string(3) + "\n";
      return true;
    }));
  }

  Connection& inner_;
  std::string plans_;
};

// From now on the attempt with this id cannot be written.
inline Result<void> refuse_attempt(Connection& db, std::string_view attempt_id) {
  return db.execute_script("CREATE TRIGGER refuse BEFORE INSERT ON attempts WHEN NEW.id = '" +
                           std::string(attempt_id) + "' BEGIN SELECT RAISE(ABORT, 'refused'); END");
}

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

// Events, deliveries and destinations of the tenant "a".
class DeliveryRepositoryTest : public RepositoryTest {
 protected:
  model::Event add_event(const std::string& id) {
    const auto event = make_event("a", id);
    EXPECT_TRUE(insert_event(db(), event));
    return event;
  }
  model::Delivery add_delivery(const model::Event& event, const std::string& id,
                               const std::string& destination = "wh_1") {
    const auto delivery = make_delivery(event, id, destination);
    EXPECT_TRUE(insert_delivery(db(), delivery));
    return delivery;
  }
  void add_destination(const std::string& id,
                       model::DestinationState state = model::DestinationState::kActive) {
    auto destination = make_destination("a", id);
    destination.state = state;
    EXPECT_TRUE(insert_destination(db(), destination));
  }
  void attempt(model::Delivery& delivery, model::DeliveryState state) {
    ++delivery.attempt_count;
    delivery.state = state;
    model::Attempt one;
    one.tenant_id = delivery.tenant_id;
    one.id = "att_" + delivery.id + std::to_string(delivery.attempt_count);
    one.delivery_id = delivery.id;
    one.number = delivery.attempt_count;
    ASSERT_TRUE(record_attempt(db(), one, delivery));
  }
  model::EventStatus status_of(const std::string& id) { return find_event(db(), "a", id)->status; }
  model::DeliveryState state_of(const std::string& id) {
    return find_delivery(db(), "a", id)->state;
  }
};

}  // namespace verihook::store
