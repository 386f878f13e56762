#include "store/events.h"

#include <functional>
#include <map>

#include "base/ids.h"
#include "store/destinations.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

using EventsTest = DeliveryRepositoryTest;

TEST_F(EventsTest, AnEventReadsBackWithEveryField) {
  auto event = make_event("a", "evt_1");
  event.origin = model::EventOrigin::kReceived;
  event.source_id = "src_1";
  event.source_name = "provider";
  event.request_headers = R"({"a":"b"})";
  event.peer = "203.0.113.5";
  event.dedup_key = "k";
  event.status = model::EventStatus::kFailed;
  event.retry_count = 3;
  ASSERT_TRUE(insert_event(db(), event));
  EXPECT_EQ(code_of(insert_event(db(), event)), Errc::kConflict);
  const auto found = find_event(db(), "a", "evt_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant_id, "a");
  EXPECT_EQ(found->id, "evt_1");
  EXPECT_EQ(found->type, event.type);
  EXPECT_EQ(found->origin, event.origin);
  EXPECT_EQ(found->job_id, "job_1");
  EXPECT_EQ(found->source_id, "src_1");
  EXPECT_EQ(found->source_name, "provider");
  EXPECT_EQ(found->body, event.body);
  EXPECT_EQ(found->request_headers, event.request_headers);
  EXPECT_EQ(found->peer, event.peer);
  EXPECT_EQ(found->dedup_key, "k");
  EXPECT_EQ(found->created_at, event.created_at);
  EXPECT_EQ(found->status, event.status);
  EXPECT_EQ(found->retry_count, 3);
  EXPECT_EQ(code_of(find_event(db(), "b", "evt_1")), Errc::kNotFound);
}

TEST_F(EventsTest, ListsFilterNewestFirst) {
  for (int i = 1; i <= 6; ++i) {
    auto event = make_event(i == 6 ? "b" : "a", "evt_" + std::to_string(i));
    if (i % 2 == 0) event.type = "webhook.test";
    if (i <= 2) event.job_id = "job_2";
    if (i == 3) event.source_name = "provider";
    if (i == 4) event.status = model::EventStatus::kDead;
    ASSERT_TRUE(insert_event(db(), event));
  }
  const auto ids = [&](const EventFilter& filter) {
    std::string text;
    for (const auto& event : *list_events(db(), "a", filter)) text += event.id.back();
    return text;
  };
  EXPECT_EQ(ids({}), "54321");
  EventFilter filter;
  filter.limit = 2;
  filter.before_id = "evt_4";
  EXPECT_EQ(ids(filter), "32");
  EventFilter typed;
  typed.type = "webhook.test";
  EXPECT_EQ(ids(typed), "42");
  EventFilter of_job;
  of_job.job_id = "job_2";
  EXPECT_EQ(ids(of_job), "21");
  EventFilter of_source;
  of_source.source = "provider";
  EXPECT_EQ(ids(of_source), "3");
  EventFilter dead;
  dead.status = model::EventStatus::kDead;
  EXPECT_EQ(ids(dead), "4");
  EXPECT_EQ(list_events(db(), "b", {})->size(), 1u);
}

TEST_F(EventsTest, DedupKeysAreRememberedPerSourceUntilForgotten) {
  EXPECT_EQ(remember_dedup_key(db(), "src_1", "k", "evt_1", at_s(1)), true);
  EXPECT_EQ(remember_dedup_key(db(), "src_1", "k", "evt_2", at_s(2)), false);
  EXPECT_EQ(remember_dedup_key(db(), "src_2", "k", "evt_3", at_s(3)), true);
  EXPECT_EQ(forget_dedup_keys(db(), at_s(1), 10), 0);
  EXPECT_EQ(forget_dedup_keys(db(), at_s(9), 1), 1);
  EXPECT_EQ(remember_dedup_key(db(), "src_1", "k", "evt_4", at_s(4)), true);
  EXPECT_EQ(remember_dedup_key(db(), "src_2", "k", "evt_5", at_s(4)), false);
}

TEST_F(EventsTest, ADeliveryReadsBackAndIsUpdatedWithEveryField) {
  auto delivery = add_delivery(add_event("evt_1"), "dlv_1");
  delivery.state = model::DeliveryState::kDead;
  delivery.attempt_count = 4;
  delivery.next_attempt_at = at_s(77);
  delivery.lease_owner = "node_1";
  delivery.lease_until = at_s(78);
  delivery.last_status_code = 503;
  delivery.last_error = "busy";
  delivery.finished_at = at_s(79);
  ASSERT_TRUE(update_delivery(db(), delivery));
  const auto found = find_delivery(db(), "a", "dlv_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant_id, "a");
  EXPECT_EQ(found->event_id, "evt_1");
  EXPECT_EQ(found->destination_id, "wh_1");
  EXPECT_EQ(found->state, delivery.state);
  EXPECT_EQ(found->attempt_count, 4);
  EXPECT_EQ(found->next_attempt_at, at_s(77));
  EXPECT_EQ(found->lease_owner, "node_1");
  EXPECT_EQ(found->lease_until, at_s(78));
  EXPECT_EQ(found->last_status_code, 503);
  EXPECT_EQ(found->last_error, "busy");
  EXPECT_EQ(found->created_at, at_s(3));
  EXPECT_EQ(found->finished_at, at_s(79));
  EXPECT_EQ(code_of(find_delivery(db(), "b", "dlv_1")), Errc::kNotFound);
  delivery.tenant_id = "b";
  EXPECT_EQ(code_of(update_delivery(db(), delivery)), Errc::kNotFound);
}

TEST_F(EventsTest, EventsAndDeliveriesAreFoundByTypeSourceTimeAndText) {
  std::map<std::string, std::string> numbers;  // by id
  for (int i = 1; i <= 4; ++i) {
    auto event = make_event("a", id_floor(id_prefix::kEvent, at_s(i * 10)));
    event.type = i % 2 == 0 ? "webhook.test" : "bulk.completed";
    event.source_name = i == 3 ? "provider" : "";
    event.job_id = i == 4 ? "job_4" : "";
    event.body = i == 2 ? R"({"order":"A_100%"})" : R"({"order":"AX100"})";
    ASSERT_TRUE(insert_event(db(), event));
    auto delivery = make_delivery(event, id_floor(id_prefix::kDelivery, at_s(i * 10)),
                                  i == 1 ? "wh_1" : "wh_2");
    delivery.job_id = event.job_id;
    delivery.last_error = i == 1 ? "The endpoint answered 503" : "";
    ASSERT_TRUE(insert_delivery(db(), delivery));
    if (i == 2) {
      delivery.attempt_count = 1;
      model::Attempt answered;
      answered.tenant_id = "a";
      answered.id = "att_2";
      answered.delivery_id = delivery.id;
      answered.number = 1;
      answered.response_head = "Closed until <noon>";
      ASSERT_TRUE(record_attempt(db(), answered, delivery));
    }
    numbers[event.id] = numbers[delivery.id] = std::to_string(i);
  }
  // The numbers of the events that are found, and of the deliveries.
  const auto found = [&](const std::function<void(model::EventSelection&)>& select) {
    EventFilter events;
    DeliveryFilter deliveries;
    select(events);
    select(deliveries);
    std::string text;
    for (const auto& one : *list_events(db(), "a", events)) text += numbers[one.id];
    text += "/";
    for (const auto& one : *list_deliveries(db(), "a", deliveries)) text += numbers[one.id];
    return text;
  };
  using model::EventSelection;
  EXPECT_EQ(found([](EventSelection& s) { s.type = "webhook.test"; }), "42/42");
  EXPECT_EQ(found([](EventSelection& s) { s.source = "provider"; }), "3/3");
  EXPECT_EQ(found([](EventSelection& s) { s.job_id = "job_4"; }), "4/4");
  EXPECT_EQ(found([](EventSelection& s) { s.destination_id = "wh_2"; }), "432/432");
  EXPECT_EQ(found([](EventSelection& s) { s.since = at_s(20); }), "432/432");
  EXPECT_EQ(found([](EventSelection& s) { s.until = at_s(20); }), "1/1");
  EXPECT_EQ(found([](EventSelection& s) { s.text = "a_100%"; }), "2/2");
  EXPECT_EQ(found([](EventSelection& s) { s.text = "ORDER"; }), "4321/4321");
  EXPECT_EQ(found([](EventSelection& s) { s.text = "answered 503"; }), "/1");
  EXPECT_EQ(found([](EventSelection& s) { s.text = "until <NOON"; }), "/2");
  const auto several = [](EventSelection& s) {
    s.type = "bulk.completed";
    s.since = at_s(20);
    s.text = "x100";
    s.destination_id = "wh_2";
  };
  EXPECT_EQ(found(several), "3/3");
}

TEST_F(EventsTest, DeliveriesFilterNewestFirst) {
  const auto first = add_event("evt_1");
  const auto second = add_event("evt_2");
  add_delivery(first, "dlv_1", "wh_1");
  add_delivery(second, "dlv_2", "wh_1");
  auto dead = add_delivery(second, "dlv_3", "wh_2");
  dead.state = model::DeliveryState::kDead;
  ASSERT_TRUE(update_delivery(db(), dead));
  const auto ids = [&](const DeliveryFilter& filter) {
    std::string text;
    for (const auto& delivery : *list_deliveries(db(), "a", filter)) text += delivery.id.back();
    return text;
  };
  EXPECT_EQ(ids({}), "321");
  DeliveryFilter of_event;
  of_event.event_id = "evt_2";
  EXPECT_EQ(ids(of_event), "32");
  DeliveryFilter of_destination;
  of_destination.destination_id = "wh_1";
  EXPECT_EQ(ids(of_destination), "21");
  DeliveryFilter of_state;
  of_state.state = model::DeliveryState::kDead;
  EXPECT_EQ(ids(of_state), "3");
  DeliveryFilter page;
  page.before_id = "dlv_3";
  page.limit = 1;
  EXPECT_EQ(ids(page), "2");
  EXPECT_TRUE(list_deliveries(db(), "b", {})->empty());
}

TEST_F(EventsTest, AttemptsReadBackInOrder) {
  auto delivery = add_delivery(add_event("evt_1"), "dlv_1");
  model::Attempt one{
      .tenant_id = "a",
      .id = "att_2",
      .delivery_id = "dlv_1",
      .number = 1,
      .started_at = at_s(11),
      .status_code = 500,
      .error_class = "http_status",
      .error = "the endpoint answered 500",
      .latency_ms = 12.25,
      .phases = {.dns_ms = 1.5, .connect_ms = 2.5, .tls_ms = std::nullopt, .first_byte_ms = 3.5},
      .response_head = std::string("<\0\xff>", 4)};
  delivery.attempt_count = 1;
  ASSERT_TRUE(record_attempt(db(), one, delivery));
  model::Attempt two = one;
  two.id = "att_1";
  two.number = 2;
  delivery.attempt_count = 2;
  ASSERT_TRUE(record_attempt(db(), two, delivery));
  const auto attempts = list_attempts(db(), "a", "dlv_1");
  ASSERT_EQ(attempts->size(), 2u);
  const auto& found = attempts->front();
  EXPECT_EQ(found.tenant_id, "a");
  EXPECT_EQ(found.phases.dns_ms, 1.5);
  EXPECT_EQ(found.phases.connect_ms, 2.5);
  EXPECT_EQ(found.phases.tls_ms, std::nullopt);
  EXPECT_EQ(found.phases.first_byte_ms, 3.5);
  EXPECT_EQ(found.id, "att_2");
  EXPECT_EQ(found.delivery_id, "dlv_1");
  EXPECT_EQ(found.number, 1);
  EXPECT_EQ(found.started_at, at_s(11));
  EXPECT_EQ(found.status_code, 500);
  EXPECT_EQ(found.error_class, "http_status");
  EXPECT_EQ(found.error, one.error);
  EXPECT_EQ(found.latency_ms, 12.25);
  EXPECT_EQ(found.response_head, one.response_head);
  EXPECT_TRUE(list_attempts(db(), "b", "dlv_1")->empty());
}

TEST_F(EventsTest, AnEventsStatusFollowsFromAllOfItsDeliveries) {
  const auto event = add_event("evt_1");
  auto first = add_delivery(event, "dlv_1");
  auto second = add_delivery(event, "dlv_2", "wh_2");
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kPending);
  attempt(first, model::DeliveryState::kDelivered);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kPending);
  attempt(second, model::DeliveryState::kPending);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kFailed);
  EXPECT_EQ(find_event(db(), "a", "evt_1")->retry_count, 0);
  attempt(second, model::DeliveryState::kDead);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kDead);
  EXPECT_EQ(find_event(db(), "a", "evt_1")->retry_count, 1);
  second.state = model::DeliveryState::kPending;  // requeued
  ASSERT_TRUE(update_delivery(db(), second));
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kFailed);
  attempt(second, model::DeliveryState::kDelivered);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kProcessed);
  EXPECT_EQ(find_event(db(), "a", "evt_1")->retry_count, 2);
  add_delivery(event, "dlv_3");  // replayed
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kPending);
}

TEST_F(EventsTest, DeletingADestinationCancelsWhatIsPendingAndKeepsWhatArrived) {
  add_destination("wh_1");
  auto arrived = add_delivery(add_event("evt_1"), "dlv_1");
  attempt(arrived, model::DeliveryState::kDelivered);
  add_delivery(add_event("evt_2"), "dlv_2");
  ASSERT_TRUE(delete_destination(db(), "a", "wh_1", at_s(50)));
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kDelivered);
  EXPECT_EQ(state_of("dlv_2"), model::DeliveryState::kCancelled);
  EXPECT_EQ(find_delivery(db(), "a", "dlv_2")->finished_at, at_s(50));
  EXPECT_EQ(status_of("evt_2"), model::EventStatus::kProcessed);
}

TEST_F(EventsTest, ANewerProgressEventSupersedesOlderOnesOfItsJobAndDestinationAlone) {
  add_delivery(add_event("evt_1"), "dlv_1");
  add_delivery(add_event("evt_2"), "dlv_2", "wh_2");
  auto other_type = make_event("a", "evt_3");
  other_type.type = "bulk.completed";
  ASSERT_TRUE(insert_event(db(), other_type));
  add_delivery(other_type, "dlv_3");
  auto other_job = make_event("a", "evt_4");
  other_job.job_id = "job_2";
  ASSERT_TRUE(insert_event(db(), other_job));
  add_delivery(other_job, "dlv_4");
  add_delivery(add_event("evt_5"), "dlv_5");
  EXPECT_EQ(supersede_progress(db(), "b", "job_1", "wh_1", "evt_5", at_s(50)), 0);
  EXPECT_EQ(supersede_progress(db(), "a", "job_1", "wh_1", "evt_5", at_s(50)), 1);
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kSuperseded);
  EXPECT_EQ(find_delivery(db(), "a", "dlv_1")->finished_at, at_s(50));
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kProcessed);
  for (const char* id : {"dlv_2", "dlv_3", "dlv_4", "dlv_5"}) {
    EXPECT_EQ(state_of(id), model::DeliveryState::kPending) << id;
  }
}

TEST_F(EventsTest, AnAttemptUnderWayDoesNotReviveASupersededDelivery) {
  auto old = add_delivery(add_event("evt_1"), "dlv_1");
  add_delivery(add_event("evt_2"), "dlv_2");
  ASSERT_EQ(supersede_progress(db(), "a", "job_1", "wh_1", "evt_2", at_s(50)), 1);
  attempt(old, model::DeliveryState::kPending);
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kSuperseded);
  attempt(old, model::DeliveryState::kDelivered);
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kDelivered);
}

TEST_F(EventsTest, CountsAddUp) {
  add_destination("wh_1");
  add_delivery(add_event("evt_1"), "dlv_1");
  auto delivered = add_delivery(add_event("evt_2"), "dlv_2");
  attempt(delivered, model::DeliveryState::kDelivered);
  auto dead = add_delivery(add_event("evt_3"), "dlv_3");
  attempt(dead, model::DeliveryState::kDead);
  const auto counts = count_deliveries(db());
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->pending, 1);
  EXPECT_EQ(counts->delivered, 1);
  EXPECT_EQ(counts->dead, 1);

  int number = 0;
  for (const auto status : {model::EventStatus::kPending, model::EventStatus::kProcessed,
                            model::EventStatus::kDead, model::EventStatus::kProcessed}) {
    auto event = make_event("b", "evt_r" + std::to_string(number++));
    event.origin = model::EventOrigin::kReceived;
    event.status = status;
    ASSERT_TRUE(insert_event(db(), event));
  }
  const auto received = count_received(db());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->received, 4);
  EXPECT_EQ(received->processed, 2);
  EXPECT_EQ(received->failed, 1);
}

TEST_F(EventsTest, WhatTheMetricsAndTheAlertsCountIsInAnIndex) {
  PlannedConnection seen(db());
  ASSERT_TRUE(count_deliveries(seen));
  ASSERT_TRUE(count_received(seen));
  ASSERT_TRUE(count_dead_letters_of(seen, "a"));
  DeliveryFilter dead;
  dead.state = model::DeliveryState::kDead;
  ASSERT_TRUE(list_deliveries(seen, "a", dead));
  const std::string& plans = seen.plans();
  EXPECT_NE(plans.find("SCAN deliveries USING COVERING INDEX deliveries_undelivered"),
            std::string::npos)
      << plans;
  EXPECT_NE(plans.find("SCAN events USING INDEX events_unprocessed"), std::string::npos) << plans;
  EXPECT_NE(plans.find("COVERING INDEX deliveries_undelivered (tenant_id=? AND state=?)"),
            std::string::npos)
      << plans;
  EXPECT_NE(plans.find("SEARCH deliveries USING INDEX deliveries_undelivered"), std::string::npos)
      << plans;
}

TEST_F(EventsTest, ListsUseTheirIndexes) {
  const auto of_job = plan_of(
      "SELECT id FROM events WHERE tenant_id = $1 AND job_id <> '' AND job_id = $2"
      " ORDER BY id DESC LIMIT $3",
      3);
  EXPECT_NE(of_job.find("INDEX events_job"), std::string::npos) << of_job;
  const auto dead =
      plan_of("SELECT id FROM events WHERE tenant_id = $1 AND status = 'dead' ORDER BY id DESC", 1);
  EXPECT_NE(dead.find("INDEX events_trouble"), std::string::npos) << dead;
  // For each outcome of an event with ten thousand deliveries.
  const auto failing = plan_of(
      "SELECT 1 FROM deliveries WHERE tenant_id = $1 AND event_id = $2 AND state = 'pending'"
      " AND attempt_count > 0",
      2);
  EXPECT_NE(failing.find("deliveries_event (tenant_id=? AND event_id=? AND state=? AND"),
            std::string::npos)
      << failing;
  const auto dead_letters = plan_of(
      "SELECT id FROM deliveries WHERE tenant_id = $1 AND state <> 'delivered' AND state = 'dead'"
      " ORDER BY id DESC",
      1);
  EXPECT_NE(dead_letters.find("INDEX deliveries_undelivered"), std::string::npos) << dead_letters;
}

}  // namespace
}  // namespace verihook::store
