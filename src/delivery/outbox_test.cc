#include "delivery/outbox.h"

#include <gtest/gtest.h>

#include "delivery/dead_letters.h"
#include "tests/support/delivery_world.h"
#include "webhooks/payload.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() { world_.open(); }
  ~OutboxTest() override { world_.database.reset(); }

  std::vector<std::string> told() const {
    std::vector<std::string> ids;
    for (const auto& item : world_.last_published.deliveries) {
      ids.push_back(item.delivery.destination_id);
    }
    return ids;
  }

  testing::World world_;
};

TEST(OutboxFilters, FollowTheDestination) {
  model::Event produced;
  produced.type = "bulk.completed";
  produced.job_id = "job_1";
  model::Event received = produced;
  received.origin = model::EventOrigin::kReceived;
  received.source_name = "crm";

  model::Destination endpoint;
  EXPECT_TRUE(wants(endpoint, produced));
  EXPECT_FALSE(wants(endpoint, received));
  endpoint.events = {"bulk.failed", "verification.*"};
  EXPECT_FALSE(wants(endpoint, produced));
  endpoint.events = {"bulk.*"};
  EXPECT_TRUE(wants(endpoint, produced));
  endpoint.job_id = "job_2";
  EXPECT_FALSE(wants(endpoint, produced));
  endpoint.job_id = "job_1";
  EXPECT_TRUE(wants(endpoint, produced));

  model::Destination processor;
  processor.sources = {"billing", "crm"};
  EXPECT_FALSE(wants(processor, produced));
  EXPECT_TRUE(wants(processor, received));
  received.source_name = "other";
  EXPECT_FALSE(wants(processor, received));
}

TEST(Wants, MayDependOnTheMetadata) {
  model::Destination spring;
  spring.options.metadata_filter = R"({"list":"spring"})";
  model::Event event;
  event.type = "bulk.completed";
  event.body = webhooks::tail_of(webhooks::BulkCompleted{.metadata = R"({"list":"spring"})"});
  EXPECT_TRUE(wants(spring, event)) << "a tail";
  event.body = webhooks::tail_of(webhooks::BulkCompleted{.metadata = R"({"list":"summer"})"});
  EXPECT_FALSE(wants(spring, event));

  spring.sources = {"provider"};
  event.origin = model::EventOrigin::kReceived;
  event.source_name = "provider";
  event.body = R"({"event_type":"bulk.completed","metadata":{"list":"spring"}})";
  EXPECT_TRUE(wants(spring, event)) << "a whole body";
  event.body = "no JSON";
  EXPECT_FALSE(wants(spring, event));
}

TEST_F(OutboxTest, TellsTheDestinationsOfTheTenantThatWantTheEvent) {
  world_.add("wh_all");
  world_.add("wh_bulk", [](model::Destination& d) { d.events = {"bulk.*"}; });
  world_.add("wh_other", [](model::Destination& d) { d.events = {"verification.completed"}; });
  world_.add("wh_elsewhere", [](model::Destination& d) { d.tenant_id = "ten_2"; });
  const std::string id = world_.publish("bulk.completed", "job_1");
  EXPECT_TRUE(is_id(id, "evt"));
  EXPECT_EQ(told(), (std::vector<std::string>{"wh_all", "wh_bulk"}));
  for (const auto& item : world_.last_published.deliveries) {
    EXPECT_EQ(item.delivery.lease_owner, "node_1");
    EXPECT_EQ(item.delivery.lease_until, world_.time.clock().wall_now() + 60s);
    EXPECT_EQ(item.destination->id, item.delivery.destination_id);
  }
  store::DeliveryFilter of_event;
  of_event.event_id = id;
  EXPECT_EQ(world_.deliveries(of_event).size(), 2u);
}

TEST_F(OutboxTest, AnEventThatNobodyWantsIsProcessedAtOnce) {
  const std::string id = world_.publish("bulk.completed");
  const auto events = world_.events("bulk.completed");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].id, id);
  EXPECT_EQ(events[0].status, model::EventStatus::kProcessed);
  EXPECT_EQ(events[0].created_at, world_.time.clock().wall_now());
}

TEST_F(OutboxTest, WhatIsPausedOrDisabledGetsItsDeliveryWithoutALease) {
  world_.add("wh_p", [](model::Destination& d) { d.state = model::DestinationState::kPaused; });
  world_.add("wh_d", [](model::Destination& d) { d.state = model::DestinationState::kDisabled; });
  world_.publish("bulk.completed");
  ASSERT_EQ(world_.last_published.deliveries.size(), 2u);
  for (const auto& item : world_.last_published.deliveries) {
    EXPECT_EQ(item.delivery.lease_owner, "");
  }
  EXPECT_EQ(world_.counts().pending, 2);
}

TEST_F(OutboxTest, ANewerProgressSupersedesTheOlderOfTheSameJobAndDestination) {
  world_.add("wh_1");
  world_.publish("bulk.progress", "job_1");
  world_.publish("bulk.progress", "job_2");
  const std::string newest = world_.publish("bulk.progress", "job_1");
  EXPECT_EQ(world_.counts().pending, 2);
  const auto all = world_.deliveries({});
  int superseded = 0;
  for (const auto& delivery : all) {
    if (delivery.state != model::DeliveryState::kSuperseded) continue;
    ++superseded;
    EXPECT_NE(delivery.event_id, newest);
  }
  EXPECT_EQ(superseded, 1);
}

TEST_F(OutboxTest, AnOrderedDestinationGetsOnlyTheFirstOfAJobLeased) {
  world_.add("wh_1", [](model::Destination& d) { d.options.ordered = true; });
  world_.publish("bulk.failed", "job_1");
  EXPECT_EQ(world_.last_published.deliveries[0].delivery.lease_owner, "node_1");
  const WallTime first = world_.last_published.deliveries[0].delivery.created_at;
  world_.publish("bulk.completed", "job_1");
  EXPECT_EQ(world_.last_published.deliveries[0].delivery.lease_owner, "");
  EXPECT_GT(world_.last_published.deliveries[0].delivery.created_at, first);
  world_.publish("bulk.completed", "job_2");
  EXPECT_EQ(world_.last_published.deliveries[0].delivery.lease_owner, "node_1");
}

TEST_F(OutboxTest, PublishToTellsOneDestinationWhateverItsFilters) {
  world_.add("wh_1");
  const auto other = world_.add("wh_2", [](model::Destination& d) { d.events = {"bulk.failed"}; });
  model::Event event;
  event.tenant_id = "default";
  event.type = "webhook.test";
  const auto published = world_.write(
      [&](store::Connection& db) { return world_.outbox->publish_to(db, event, other); });
  ASSERT_TRUE(published);
  ASSERT_EQ(published->deliveries.size(), 1u);
  EXPECT_EQ(published->deliveries[0].delivery.destination_id, "wh_2");
}

TEST_F(OutboxTest, AReplayLeavesOneMoreDeliveryOfTheSameEventToTheStore) {
  const auto destination = world_.add("wh_1");
  world_.publish("bulk.progress", "job_1");
  const model::Event event = world_.events("bulk.progress").at(0);
  const auto again = world_.write([&](store::Connection& db) {
    return world_.outbox->deliver_again(db, event, destination, "rpl_1");
  });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->event_id, event.id);
  EXPECT_EQ(again->replay_id, "rpl_1");
  EXPECT_EQ(again->lease_owner, "");
  // Replayed progress supersedes nothing.
  EXPECT_EQ(world_.counts().pending, 2);
  EXPECT_EQ(world_.events("bulk.progress").size(), 1u);
}

TEST_F(OutboxTest, RequeueingResetsTheTriesAndRetryingKeepsThem) {
  world_.add("wh_1");
  world_.publish("bulk.completed");
  model::Delivery delivery = world_.last_published.deliveries[0].delivery;
  delivery.attempt_count = 3;
  delivery.lease_owner.clear();
  delivery.lease_until = {};
  delivery.next_attempt_at += 5h;
  const auto store_it = [&](store::Connection& db) { return store::update_delivery(db, delivery); };
  const WallTime now = world_.time.clock().wall_now();
  const auto requeue_it = [&](store::Connection& db) {
    return requeue(db, "default", delivery.id, now);
  };
  const auto retry_it = [&](store::Connection& db) {
    return retry_now(db, "default", delivery.id, now);
  };
  ASSERT_TRUE(world_.write(store_it));
  auto retried = world_.write(retry_it);
  ASSERT_TRUE(retried);
  EXPECT_EQ(retried->attempt_count, 3);
  EXPECT_EQ(retried->next_attempt_at, now);

  delivery.state = model::DeliveryState::kDead;
  ASSERT_TRUE(world_.write(store_it));
  const auto requeued = world_.write(requeue_it);
  ASSERT_TRUE(requeued);
  EXPECT_EQ(requeued->state, model::DeliveryState::kPending);
  EXPECT_EQ(requeued->attempt_count, 0);

  delivery.state = model::DeliveryState::kCancelled;
  ASSERT_TRUE(world_.write(store_it));
  EXPECT_EQ(world_.write(requeue_it).error().code, Errc::kConflict);
  delivery.id = "dlv_unknown";
  EXPECT_EQ(world_.write(requeue_it).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace verihook::delivery
