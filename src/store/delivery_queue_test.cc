#include "store/delivery_queue.h"

#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class DeliveryQueueTest : public DeliveryRepositoryTest {
 protected:
  model::Delivery add_due(const model::Event& event, const std::string& id, std::int64_t due_s) {
    auto delivery = make_delivery(event, id, "wh_1");
    delivery.next_attempt_at = at_s(due_s);
    EXPECT_TRUE(insert_delivery(db(), delivery));
    return delivery;
  }
  model::Event add_event_of(const std::string& id, const std::string& job_id) {
    auto event = make_event("a", id);
    event.job_id = job_id;
    EXPECT_TRUE(insert_event(db(), event));
    return event;
  }
  void change(const std::string& id, const std::function<void(model::Destination&)>& by) {
    auto destination = *find_destination(db(), "a", id);
    by(destination);
    ASSERT_TRUE(update_destination(db(), destination));
  }
  void make_ordered() {
    change("wh_1", [](model::Destination& it) { it.options.ordered = true; });
  }
  LeasedDeliveries lease(std::int64_t now, std::int64_t limit = 10,
                         std::string_view node = "node_1") {
    auto leased = lease_of_destination(db(), {.tenant_id = "a",
                                              .destination_id = "wh_1",
                                              .node_id = node,
                                              .now = at_s(now),
                                              .lease_until = at_s(now + 60),
                                              .limit = limit});
    EXPECT_TRUE(leased);
    return leased.value_or(LeasedDeliveries{});
  }
  // Ids of what is taken at second `now`.
  std::string lease_ids(std::int64_t now, std::int64_t limit = 10) {
    std::string ids;
    for (const auto& one : lease(now, limit).taken) ids += one.delivery.id + " ";
    return ids;
  }
  std::string due_ids() {
    std::string ids;
    const auto all = due_destinations(db(), 10);
    EXPECT_TRUE(all);
    for (const auto& one : *all) ids += one.destination_id + " ";
    return ids;
  }
};

TEST_F(DeliveryQueueTest, DueDeliveriesAreLeasedEarliestFirstAndOnce) {
  add_destination("wh_1");
  const auto event = add_event("evt_1");
  add_due(event, "dlv_1", 30);
  add_due(event, "dlv_2", 10);
  add_due(event, "dlv_3", 20);
  EXPECT_EQ(lease_ids(9), "");
  EXPECT_EQ(lease_ids(25, 1), "dlv_2 ");
  EXPECT_EQ(lease_ids(25), "dlv_3 ");
  EXPECT_EQ(lease_ids(25), "");
  EXPECT_EQ(lease_ids(31), "dlv_1 ");
  // The leases of the first two ran out at 85.
  EXPECT_EQ(lease_ids(84), "");
  EXPECT_EQ(lease_ids(85), "dlv_2 dlv_3 ");
}

TEST_F(DeliveryQueueTest, WhatIsReplayedWaitsBehindAllThatIsNewAndDue) {
  add_destination("wh_1");
  const auto event = add_event("evt_1");
  for (const auto& [id, due_s] : {std::pair{"dlv_1", 10}, std::pair{"dlv_2", 11}}) {
    auto delivery = make_delivery(event, id, "wh_1");
    delivery.next_attempt_at = at_s(due_s);
    delivery.replay_id = "rpl_1";
    ASSERT_TRUE(insert_delivery(db(), delivery));
  }
  add_due(event, "dlv_3", 20);
  add_due(event, "dlv_4", 30);
  EXPECT_EQ(lease(5).next_due, at_s(10));
  EXPECT_EQ(lease_ids(25, 2), "dlv_3 dlv_1 ");
  EXPECT_EQ(lease(29, 0).next_due, at_s(11));
  EXPECT_EQ(lease_ids(31), "dlv_4 dlv_2 ");
}

TEST_F(DeliveryQueueTest, ALeaseSaysWhenThereIsMoreToTake) {
  add_destination("wh_1");
  const auto event = add_event("evt_1");
  add_due(event, "dlv_1", 10);
  add_due(event, "dlv_2", 11);
  EXPECT_EQ(lease(5).next_due, at_s(10));
  EXPECT_EQ(lease(20, 1).next_due, at_s(11));
  EXPECT_EQ(lease(21, 0).next_due, at_s(11));
  // All of it taken: nothing to wait for but the end of the first lease, at 80.
  EXPECT_EQ(lease(21, 1).next_due, at_s(80));
  EXPECT_EQ(lease(22).next_due, at_s(80));
}

TEST_F(DeliveryQueueTest, ALeasedDeliveryComesWithItsEventAndNamesItsNode) {
  add_destination("wh_1");
  add_delivery(add_event("evt_1"), "dlv_1");
  const auto leased = lease(10, 10, "node_7");
  ASSERT_EQ(leased.taken.size(), 1u);
  ASSERT_TRUE(leased.destination);
  EXPECT_EQ(leased.destination->id, "wh_1");
  EXPECT_EQ(leased.taken[0].event.body, make_event("a", "evt_1").body);
  EXPECT_EQ(leased.taken[0].delivery.job_id, "job_1");
  EXPECT_EQ(leased.taken[0].delivery.lease_owner, "node_7");
  EXPECT_EQ(leased.taken[0].delivery.lease_until, at_s(70));
  EXPECT_EQ(find_delivery(db(), "a", "dlv_1")->lease_owner, "node_7");
  EXPECT_EQ(find_delivery(db(), "a", "dlv_1")->lease_until, at_s(70));
}

TEST_F(DeliveryQueueTest, APausedDestinationKeepsItsQueueAndResumingDrainsIt) {
  add_destination("wh_1", model::DestinationState::kPaused);
  add_delivery(add_event("evt_1"), "dlv_1");
  EXPECT_EQ(lease_ids(15), "");
  EXPECT_EQ(lease(15).next_due, std::nullopt);
  EXPECT_EQ(due_ids(), "");
  change("wh_1", [](model::Destination& it) { it.state = model::DestinationState::kActive; });
  EXPECT_EQ(due_ids(), "wh_1 ");
  EXPECT_EQ(lease_ids(25), "dlv_1 ");
}

TEST_F(DeliveryQueueTest, DueDestinationsComeEarliestFirstWithTheTimeOfTheirFirstDelivery) {
  for (const char* id : {"wh_1", "wh_2", "wh_3"}) add_destination(id);
  const auto event = add_event("evt_1");
  for (const auto& [id, to, due] :
       {std::tuple{"dlv_1", "wh_1", 30}, {"dlv_2", "wh_2", 20}, {"dlv_3", "wh_2", 40}}) {
    auto delivery = make_delivery(event, id, to);
    delivery.next_attempt_at = at_s(due);
    ASSERT_TRUE(insert_delivery(db(), delivery));
  }
  const auto all = due_destinations(db(), 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).tenant_id, "a");
  EXPECT_EQ(all->at(0).destination_id, "wh_2");
  EXPECT_EQ(all->at(0).due_at, at_s(20));
  EXPECT_EQ(all->at(1).destination_id, "wh_1");
  EXPECT_EQ(due_destinations(db(), 1)->size(), 1u);
}

TEST_F(DeliveryQueueTest, DeliveriesWithoutADestinationAreFoundAndCancelled) {
  add_delivery(add_event("evt_1"), "dlv_1");
  EXPECT_EQ(due_ids(), "wh_1 ");
  const auto leased = lease(99);
  EXPECT_FALSE(leased.destination);
  EXPECT_TRUE(leased.taken.empty());
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kCancelled);
  EXPECT_EQ(find_delivery(db(), "a", "dlv_1")->finished_at, at_s(99));
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kProcessed);
  EXPECT_EQ(due_ids(), "");
}

TEST_F(DeliveryQueueTest, DeliveriesWithoutAnEventAreCancelledWhenTheyFallDue) {
  add_destination("wh_1");
  add_delivery(make_event("a", "evt_gone"), "dlv_1");
  EXPECT_EQ(lease_ids(99), "");
  const auto found = find_delivery(db(), "a", "dlv_1");
  EXPECT_EQ(found->state, model::DeliveryState::kCancelled);
  EXPECT_EQ(found->finished_at, at_s(99));
  EXPECT_EQ(found->lease_owner, "");
}

TEST_F(DeliveryQueueTest, OfAnOrderedDestinationOnlyTheOldestOfEachJobIsTaken) {
  add_destination("wh_1");
  make_ordered();
  for (const char* job : {"job_1", "job_2"}) {
    for (int i = 1; i <= 3; ++i) {
      const std::string id = std::string(job) + "_" + std::to_string(i);
      auto delivery = make_delivery(add_event_of("evt_" + id, job), id, "wh_1");
      delivery.created_at = at_s(10 - i);  // made in the opposite order of their ids
      ASSERT_TRUE(insert_delivery(db(), delivery));
    }
  }
  EXPECT_EQ(lease_ids(20), "job_1_3 job_2_3 ");
  auto first = *find_delivery(db(), "a", "job_1_3");
  attempt(first, model::DeliveryState::kDelivered);
  EXPECT_EQ(lease_ids(20), "job_1_2 ");
  // One that waits for its next try holds up the others of its job.
  auto second = *find_delivery(db(), "a", "job_1_2");
  second.next_attempt_at = at_s(500);
  second.lease_owner.clear();
  attempt(second, model::DeliveryState::kPending);
  EXPECT_EQ(lease_ids(79), "");
  EXPECT_EQ(lease(79).next_due, at_s(80));
}

TEST_F(DeliveryQueueTest, AnOrderedDestinationTakesWhatBelongsToNoJobFreely) {
  add_destination("wh_1");
  make_ordered();
  const auto free = add_event_of("evt_1", "");
  const auto of_job = add_event_of("evt_2", "job_1");
  add_due(free, "dlv_1", 3);
  add_due(of_job, "dlv_2", 2);
  add_due(free, "dlv_3", 1);
  add_due(of_job, "dlv_4", 1);  // behind dlv_2
  EXPECT_EQ(lease_ids(20, 1), "dlv_3 ");
  EXPECT_EQ(lease(20, 1).next_due, at_s(3));
  EXPECT_EQ(lease_ids(20), "dlv_1 ");
  EXPECT_EQ(lease_ids(20), "");
}

TEST_F(DeliveryQueueTest, TheNewestPendingOfAJobIsToldByDestination) {
  const auto newest = [&](const char* to, const char* job) {
    const auto found = newest_pending_of_job(db(), "a", to, job);
    EXPECT_TRUE(found);
    return found.value_or(std::nullopt);
  };
  const auto event = add_event_of("evt_1", "job_1");
  auto first = make_delivery(event, "dlv_1", "wh_1");
  first.created_at = at_s(5);
  ASSERT_TRUE(insert_delivery(db(), first));
  auto second = make_delivery(event, "dlv_2", "wh_1");
  second.created_at = at_s(6);
  ASSERT_TRUE(insert_delivery(db(), second));
  EXPECT_EQ(newest("wh_1", "job_1"), at_s(6));
  EXPECT_EQ(newest("wh_1", "job_2"), std::nullopt);
  EXPECT_EQ(newest("wh_2", "job_1"), std::nullopt);
  attempt(second, model::DeliveryState::kDead);
  EXPECT_EQ(newest("wh_1", "job_1"), at_s(5));
}

TEST_F(DeliveryQueueTest, ALeaseIsRenewedByItsHolderAlone) {
  add_destination("wh_1");
  auto delivery = add_delivery(add_event("evt_1"), "dlv_1");
  ASSERT_EQ(lease_ids(10), "dlv_1 ");
  EXPECT_EQ(renew_lease(db(), "a", "dlv_1", "node_2", at_s(500)), false);
  EXPECT_EQ(renew_lease(db(), "a", "dlv_1", "node_1", at_s(500)), true);
  EXPECT_EQ(lease_ids(499), "");
  EXPECT_EQ(lease_ids(500), "dlv_1 ");
  attempt(delivery, model::DeliveryState::kDelivered);
  EXPECT_EQ(renew_lease(db(), "a", "dlv_1", "node_1", at_s(900)), false);
}

TEST_F(DeliveryQueueTest, AReleasedDeliveryIsDueAgain) {
  add_destination("wh_1");
  add_delivery(add_event("evt_1"), "dlv_1");
  ASSERT_EQ(lease_ids(10), "dlv_1 ");
  ASSERT_TRUE(release_lease(db(), "a", "dlv_1", "node_2"));
  EXPECT_EQ(lease_ids(11), "");
  ASSERT_TRUE(release_lease(db(), "a", "dlv_1", "node_1"));
  EXPECT_EQ(lease_ids(11), "dlv_1 ");
}

TEST_F(DeliveryQueueTest, ANodeGivesBackAllThatItHolds) {
  add_destination("wh_1");
  const auto event = add_event("evt_1");
  for (const char* id : {"dlv_1", "dlv_2", "dlv_3"}) add_delivery(event, id);
  ASSERT_EQ(lease(10, 2, "node_1").taken.size(), 2u);
  ASSERT_EQ(lease(10, 1, "node_2").taken.size(), 1u);
  EXPECT_EQ(release_leases(db(), "node_1"), 2);
  EXPECT_EQ(lease_ids(11), "dlv_1 dlv_2 ");
}

TEST_F(DeliveryQueueTest, WhatIsAskedForEachDeliveryGoesThroughAnIndexOfItsDestinationOrJob) {
  add_destination("wh_1");
  make_ordered();
  const auto event = add_event_of("evt_1", "job_1");
  add_due(event, "dlv_1", 1);
  add_due(event, "dlv_2", 2);
  PlannedConnection db_seen(db());
  const DestinationLease all{.tenant_id = "a",
                             .destination_id = "wh_1",
                             .node_id = "node_1",
                             .now = at_s(9),
                             .lease_until = at_s(99),
                             .limit = 10};
  ASSERT_TRUE(newest_pending_of_job(db_seen, "a", "wh_1", "job_1"));
  ASSERT_TRUE(supersede_progress(db_seen, "a", "job_1", "wh_1", "evt_9", at_s(9)));
  ASSERT_TRUE(lease_of_destination(db_seen, all));
  change("wh_1", [](model::Destination& it) { it.options.ordered = false; });
  ASSERT_TRUE(lease_of_destination(db_seen, all));
  model::Attempt attempt;
  attempt.tenant_id = "a";
  attempt.delivery_id = "dlv_1";
  auto delivery = *find_delivery(db_seen, "a", "dlv_1");
  ASSERT_TRUE(record_attempt(db_seen, attempt, delivery));
  ASSERT_TRUE(record_success(db_seen, attempt, "evt_1", at_s(9)));
  const std::string& plans = db_seen.plans();
  EXPECT_EQ(plans.find("SCAN deliveries"), std::string::npos) << plans;
  EXPECT_EQ(plans.find("SCAN events"), std::string::npos) << plans;
  EXPECT_EQ(plans.find("SCAN v"), std::string::npos) << plans;
  // Every row of a tenant is no better than every row.
  EXPECT_EQ(plans.find("(tenant_id=?)"), std::string::npos) << plans;
  EXPECT_EQ(plans.find("INDEX deliveries_destination"), std::string::npos) << plans;
  EXPECT_NE(plans.find("deliveries USING INDEX deliveries_queue"), std::string::npos) << plans;
  EXPECT_NE(plans.find("deliveries_job (tenant_id=? AND destination_id=? AND job_id=?)"),
            std::string::npos)
      << plans;
  EXPECT_NE(plans.find("deliveries_job (tenant_id=? AND destination_id=? AND job_id>?)"),
            std::string::npos)
      << plans;
}

}  // namespace
}  // namespace verihook::store
