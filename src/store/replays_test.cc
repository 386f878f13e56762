#include "store/replays.h"

#include "base/ids.h"
#include "store/destinations.h"
#include "store/removal.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class ReplaysTest : public DeliveryRepositoryTest {
 protected:
  static model::Replay make_replay(const std::string& id, model::ReplayMode mode) {
    model::Replay replay;
    replay.tenant_id = "a";
    replay.id = id;
    replay.mode = mode;
    replay.rate_per_second = 2.5;
    replay.end = "zzz";
    replay.created_at = at_s(1);
    return replay;
  }
  model::Delivery add_dead(const model::Event& event, const std::string& id) {
    auto delivery = add_delivery(event, id);
    delivery.state = model::DeliveryState::kDead;
    EXPECT_TRUE(update_delivery(db(), delivery));
    return delivery;
  }
};

TEST_F(ReplaysTest, AReplayReadsBackWithEveryField) {
  auto replay = make_replay("rpl_1", model::ReplayMode::kMissing);
  replay.which = {.type = "bulk.completed",
                  .job_id = "job_1",
                  .source = "provider",
                  .destination_id = "wh_1",
                  .since = at_s(5),
                  .until = at_s(6),
                  .text = "order"};
  replay.total_count = 7;
  replay.cursor = "evt_1";
  ASSERT_TRUE(insert_replay(db(), replay));
  replay.state = model::ReplayState::kCancelled;
  replay.issued_count = 3;
  replay.cursor = "evt_2";
  replay.finished_at = at_s(9);
  ASSERT_TRUE(update_replay(db(), replay));
  const auto found = find_replay(db(), "a", "rpl_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mode, replay.mode);
  EXPECT_EQ(found->which.type, "bulk.completed");
  EXPECT_EQ(found->which.job_id, "job_1");
  EXPECT_EQ(found->which.source, "provider");
  EXPECT_EQ(found->which.destination_id, "wh_1");
  EXPECT_EQ(found->which.since, at_s(5));
  EXPECT_EQ(found->which.until, at_s(6));
  EXPECT_EQ(found->which.text, "order");
  EXPECT_EQ(found->rate_per_second, 2.5);
  EXPECT_EQ(found->state, replay.state);
  EXPECT_EQ(found->total_count, 7);
  EXPECT_EQ(found->issued_count, 3);
  EXPECT_EQ(found->cursor, "evt_2");
  EXPECT_EQ(found->end, "zzz");
  EXPECT_EQ(found->created_at, at_s(1));
  EXPECT_EQ(found->finished_at, at_s(9));
  EXPECT_EQ(code_of(find_replay(db(), "b", "rpl_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(update_replay(db(), make_replay("rpl_2", replay.mode))), Errc::kNotFound);
}

TEST_F(ReplaysTest, ListsArePagedNewestFirstAndOpenOnesAreEverybodys) {
  for (const char* id : {"rpl_1", "rpl_2", "rpl_3"}) {
    ASSERT_TRUE(insert_replay(db(), make_replay(id, model::ReplayMode::kAll)));
  }
  auto other = make_replay("rpl_4", model::ReplayMode::kAll);
  other.tenant_id = "b";
  ASSERT_TRUE(insert_replay(db(), other));
  auto done = *find_replay(db(), "a", "rpl_2");
  done.finished_at = at_s(3);
  ASSERT_TRUE(update_replay(db(), done));
  const auto ids = [](const Result<std::vector<model::Replay>>& replays) {
    std::string text;
    for (const auto& replay : *replays) text += replay.id.back();
    return text;
  };
  EXPECT_EQ(ids(list_replays(db(), "a", "", 2)), "32");
  EXPECT_EQ(ids(list_replays(db(), "a", "rpl_2", 2)), "1");
  EXPECT_EQ(ids(open_replays(db())), "134");
}

TEST_F(ReplaysTest, DeadLettersAreFoundWithoutALookAtWhatWasDelivered) {
  PlannedConnection seen(db());
  const auto replay = make_replay("rpl_1", model::ReplayMode::kFailed);
  ASSERT_TRUE(next_dead_letters(seen, replay, 10));
  ASSERT_TRUE(count_dead_letters(seen, replay));
  EXPECT_NE(seen.plans().find("SEARCH deliveries USING INDEX deliveries_undelivered"),
            std::string::npos)
      << seen.plans();
  EXPECT_NE(seen.plans().find("USING COVERING INDEX deliveries_undelivered"), std::string::npos)
      << seen.plans();
}

TEST_F(ReplaysTest, DeadLettersComeOldestFirstBetweenCursorAndEnd) {
  const auto event = add_event("evt_1");
  for (const char* id : {"dlv_1", "dlv_2", "dlv_3", "dlv_4"}) add_dead(event, id);
  add_delivery(event, "dlv_5");
  auto replay = make_replay("rpl_1", model::ReplayMode::kFailed);
  EXPECT_EQ(count_dead_letters(db(), replay), 4);
  replay.cursor = "dlv_1";
  replay.end = "dlv_4";
  const auto found = next_dead_letters(db(), replay, 10);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ(found->at(0).id, "dlv_2");
  EXPECT_EQ(next_dead_letters(db(), replay, 1)->size(), 1u);
  EXPECT_EQ(count_dead_letters(db(), replay), 2);
  replay.which.destination_id = "wh_2";
  EXPECT_EQ(count_dead_letters(db(), replay), 0);
}

TEST_F(ReplaysTest, EventsAreReadWithoutTheirBodies) {
  const auto event = add_event("evt_1");
  add_event("evt_2");
  auto replay = make_replay("rpl_1", model::ReplayMode::kMissing);
  const auto found = next_events(db(), replay, 1);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, "evt_1");
  EXPECT_EQ(found->front().type, event.type);
  EXPECT_EQ(found->front().origin, event.origin);
  EXPECT_EQ(found->front().source_name, event.source_name);
  EXPECT_EQ(found->front().body, "");
  replay.which.text = "no such text";
  EXPECT_TRUE(next_events(db(), replay, 9)->empty());
  replay.which.text = R"({"A":1})";
  EXPECT_EQ(next_events(db(), replay, 9)->size(), 2u);
  EXPECT_EQ(was_addressed(db(), event, "wh_1"), false);
  auto delivery = add_delivery(event, "dlv_1");
  EXPECT_EQ(was_addressed(db(), event, "wh_1"), true);
  EXPECT_EQ(was_addressed(db(), event, "wh_2"), false);
  delivery.state = model::DeliveryState::kCancelled;
  ASSERT_TRUE(update_delivery(db(), delivery));
  EXPECT_EQ(was_addressed(db(), event, "wh_1"), false);
}

TEST_F(ReplaysTest, WhatWasIssuedIsCountedAndCalledOffByMode) {
  const auto event = add_event("evt_1");
  for (int i = 1; i <= 4; ++i) {
    auto delivery = make_delivery(event, "dlv_" + std::to_string(i), "wh_1");
    delivery.replay_id = i == 4 ? "rpl_2" : "rpl_1";
    if (i == 3) delivery.state = model::DeliveryState::kDelivered;
    ASSERT_TRUE(insert_delivery(db(), delivery));
  }
  EXPECT_EQ(count_replay(db(), "a", "rpl_1")->pending, 2);
  EXPECT_EQ(count_replay(db(), "a", "rpl_1")->delivered, 1);
  const auto all = make_replay("rpl_1", model::ReplayMode::kAll);
  EXPECT_EQ(call_off(db(), all, at_s(5), 1), 1);
  EXPECT_EQ(call_off(db(), all, at_s(5), 9), 1);
  EXPECT_EQ(call_off(db(), all, at_s(5), 9), 0);
  EXPECT_EQ(state_of("dlv_1"), model::DeliveryState::kCancelled);
  EXPECT_EQ(state_of("dlv_3"), model::DeliveryState::kDelivered);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kPending);
  EXPECT_EQ(call_off(db(), make_replay("rpl_2", model::ReplayMode::kFailed), at_s(5), 9), 1);
  EXPECT_EQ(state_of("dlv_4"), model::DeliveryState::kDead);
  EXPECT_EQ(status_of("evt_1"), model::EventStatus::kDead);
}

TEST_F(ReplaysTest, AnEndedOneIsRemovedOnceNothingOfItIsToBeDelivered) {
  for (const char* id : {"rpl_ended", "rpl_late", "rpl_open", "rpl_sending"}) {
    auto replay = make_replay(id, model::ReplayMode::kAll);
    if (replay.id != "rpl_open") replay.finished_at = at_s(replay.id == "rpl_late" ? 20 : 5);
    ASSERT_TRUE(insert_replay(db(), replay));
  }
  auto sending = make_delivery(add_event("evt_1"), "dlv_1", "wh_1");
  sending.replay_id = "rpl_sending";
  ASSERT_TRUE(insert_delivery(db(), sending));
  EXPECT_EQ(remove_replays(db(), "other", at_s(10), 10), 0);
  EXPECT_EQ(remove_replays(db(), "a", at_s(10), 10), 1);
  EXPECT_FALSE(find_replay(db(), "a", "rpl_ended"));
  attempt(sending, model::DeliveryState::kDelivered);
  EXPECT_EQ(remove_replays(db(), "a", at_s(10), 10), 1);
  EXPECT_EQ(list_replays(db(), "a", "", 10)->size(), 2u);
}

}  // namespace
}  // namespace verihook::store
