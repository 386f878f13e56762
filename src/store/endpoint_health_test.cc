#include "store/endpoint_health.h"

#include "store/events.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class EndpointHealthTest : public DeliveryRepositoryTest {
 protected:
  // One attempt of a new delivery; it fails when there is an error class.
  void add_attempt(int number, double latency_ms, const std::string& error_class = "",
                   const std::string& destination = "wh_1") {
    const std::string id = "dlv_" + std::to_string(10'000 + number);
    auto delivery = add_delivery(event_, id, destination);
    delivery.state =
        error_class.empty() ? model::DeliveryState::kDelivered : model::DeliveryState::kDead;
    model::Attempt attempt;
    attempt.tenant_id = "a";
    attempt.id = "att_" + id;
    attempt.delivery_id = id;
    attempt.started_at = at_s(number);
    attempt.error_class = error_class;
    attempt.error = error_class.empty() ? "" : "it failed";
    attempt.latency_ms = latency_ms;
    ASSERT_TRUE(record_attempt(db(), attempt, delivery));
  }
  EndpointHealth health() { return find_health(db(), "a", "wh_1").value(); }

  model::Event event_ = add_event("evt_1");
};

TEST_F(EndpointHealthTest, WithoutAnAttemptNothingIsClaimed) {
  const auto none = health();
  EXPECT_EQ(none.attempts, 0);
  EXPECT_FALSE(none.p50_ms || none.last_success_at || none.last_failure || none.next_attempt_at);
}

TEST_F(EndpointHealthTest, RatesRanksAndTheLastFailureComeFromTheAttempts) {
  for (int i = 1; i <= 100; ++i) add_attempt(i, i, i % 4 == 0 ? "timeout" : "");
  add_attempt(200, 5'000, "tls", "wh_2");
  auto waiting = make_delivery(event_, "dlv_9", "wh_1");
  waiting.next_attempt_at = at_s(300);
  ASSERT_TRUE(insert_delivery(db(), waiting));
  const auto found = health();
  EXPECT_EQ(found.attempts, 100);
  EXPECT_EQ(found.successes, 75);
  EXPECT_EQ(found.since, at_s(1));
  EXPECT_EQ(found.p50_ms, 50);
  EXPECT_EQ(found.p95_ms, 95);
  EXPECT_EQ(found.p99_ms, 99);
  EXPECT_EQ(found.last_success_at, at_s(99));
  ASSERT_TRUE(found.last_failure);
  EXPECT_EQ(found.last_failure->started_at, at_s(100));
  EXPECT_EQ(found.last_failure->error_class, "timeout");
  EXPECT_EQ(found.last_failure->delivery_id, "dlv_10100");
  EXPECT_EQ(found.waiting, 1);
  EXPECT_EQ(found.next_attempt_at, at_s(300));
}

TEST_F(EndpointHealthTest, OnlyTheNewestDeliveriesCount) {
  for (int i = 1; i <= kHealthDeliveries + 20; ++i) add_attempt(i, 1, i <= 20 ? "timeout" : "");
  EXPECT_EQ(health().attempts, kHealthDeliveries);
  EXPECT_EQ(health().successes, kHealthDeliveries);
}

}  // namespace
}  // namespace verihook::store
