#include "delivery/attempt_recorder.h"

#include <gtest/gtest.h>

#include "store/repository_fixture.h"
#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

class AttemptRecorderTest : public ::testing::Test {
 protected:
  AttemptRecorderTest() {
    world_.open();
    world_.add("wh_1");
    for (int i = 0; i < 3; ++i) {
      world_.publish("bulk.completed", "job_" + std::to_string(i));
      deliveries_.push_back(world_.last_published.deliveries.at(0).delivery);
      events_.push_back(world_.last_published.event);
    }
  }
  ~AttemptRecorderTest() override { world_.database.reset(); }

  AttemptRecord record_of(std::size_t i, Verdict verdict) const {
    AttemptRecord record;
    record.delivery = deliveries_.at(i);
    record.event = events_.at(i);
    record.now = world_.time.clock().wall_now();
    record.decision.verdict = verdict;
    record.decision.next_attempt_at = record.now + Milliseconds{5'000};
    record.attempt.tenant_id = "default";
    record.attempt.id = "att_" + std::to_string(i);
    record.attempt.delivery_id = record.delivery.id;
    record.attempt.status_code = verdict == Verdict::kDelivered ? 200 : 500;
    return record;
  }
  std::vector<Result<Recorded>> record(std::vector<AttemptRecord> records) {
    return testing::run_task(world_.io, record_all(*world_.database, *world_.outbox, records));
  }
  model::Delivery stored(std::size_t i) {
    return world_
        .read([&](store::Connection& db) {
          return store::find_delivery(db, "default", deliveries_.at(i).id);
        })
        .value();
  }
  std::size_t attempts(std::size_t i) {
    return world_
        .read([&](store::Connection& db) {
          return store::list_attempts(db, "default", deliveries_.at(i).id);
        })
        .value()
        .size();
  }

  testing::World world_;
  std::vector<model::Delivery> deliveries_;
  std::vector<std::shared_ptr<const model::Event>> events_;
};

TEST_F(AttemptRecorderTest, RecordsManyInOneCommitEachWithItsOwnOutcome) {
  const auto before = world_.database->stats();
  const auto outcomes = record({record_of(0, Verdict::kDelivered), record_of(1, Verdict::kRetry),
                                record_of(2, Verdict::kDead)});
  EXPECT_EQ(world_.database->stats().commits, before.commits + 1);
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(outcomes[0]->state, model::DeliveryState::kDelivered);
  EXPECT_EQ(outcomes[1]->state, model::DeliveryState::kPending);
  EXPECT_EQ(outcomes[1]->next_attempt_at, stored(1).next_attempt_at);
  EXPECT_EQ(outcomes[2]->state, model::DeliveryState::kDead);
  EXPECT_EQ(stored(0).state, model::DeliveryState::kDelivered);
  EXPECT_EQ(stored(0).attempt_count, 1);
  EXPECT_EQ(stored(0).lease_owner, "");
  EXPECT_TRUE(stored(0).finished_at);
  EXPECT_EQ(stored(2).state, model::DeliveryState::kDead);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(attempts(i), 1u);
}

TEST_F(AttemptRecorderTest, AnErasedDeliveryDoesNotKeepTheOthersFromTheirRecord) {
  auto erased = record_of(1, Verdict::kDelivered);
  erased.delivery.id = erased.attempt.delivery_id = "dlv_erased";
  auto erased_failure = record_of(1, Verdict::kRetry);
  erased_failure.delivery.id = erased_failure.attempt.delivery_id = "dlv_erased";
  const auto outcomes = record(
      {record_of(0, Verdict::kDelivered), erased, erased_failure, record_of(2, Verdict::kRetry)});
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[1].error().code, Errc::kNotFound);
  EXPECT_EQ(outcomes[2].error().code, Errc::kNotFound);
  EXPECT_TRUE(outcomes[3]);
  EXPECT_EQ(stored(0).state, model::DeliveryState::kDelivered);
  EXPECT_EQ(stored(1).state, model::DeliveryState::kPending);
  EXPECT_EQ(stored(2).attempt_count, 1);
}

TEST_F(AttemptRecorderTest, OneThatCannotBeWrittenFailsAlone) {
  ASSERT_TRUE(
      world_.write([](store::Connection& db) { return store::refuse_attempt(db, "att_1"); }));
  const auto outcomes =
      record({record_of(0, Verdict::kDelivered), record_of(1, Verdict::kDelivered),
              record_of(2, Verdict::kDelivered)});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_TRUE(outcomes[0]);
  EXPECT_FALSE(outcomes[1]);
  EXPECT_TRUE(outcomes[2]);
  EXPECT_EQ(stored(0).state, model::DeliveryState::kDelivered);
  EXPECT_EQ(stored(1).state, model::DeliveryState::kPending);
  EXPECT_EQ(stored(1).attempt_count, 0);
  EXPECT_EQ(attempts(0), 1u);
  EXPECT_EQ(attempts(1), 0u);
}

TEST_F(AttemptRecorderTest, AttemptsAreNumberedInTheOrderOfTheirRecord) {
  auto again = record_of(0, Verdict::kDelivered);
  again.attempt.id = "att_9";
  const auto outcomes = record({record_of(0, Verdict::kRetry), again});
  ASSERT_TRUE(outcomes[1]);
  const auto stored_attempts = world_.read([&](store::Connection& db) {
    return store::list_attempts(db, "default", deliveries_.at(0).id);
  });
  ASSERT_EQ(stored_attempts->size(), 2u);
  EXPECT_EQ(stored_attempts->at(0).number, 1);
  EXPECT_EQ(stored_attempts->at(1).number, 2);
  EXPECT_EQ(stored_attempts->at(1).id, "att_9");
}

}  // namespace
}  // namespace verihook::delivery
