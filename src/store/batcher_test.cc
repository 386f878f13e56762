// What a group commit does once for all of its writes (transaction_memo.h).
#include "store/batcher.h"

#include "store/removal.h"
#include "store/repository_fixture.h"
#include "store/row_counts.h"

namespace verihook::store {
namespace {

using Work = std::function<Result<void>(Connection&)>;

class BatcherTest : public DeliveryRepositoryTest {
 protected:
  // All of them in one transaction.
  void run(std::vector<Work> works) {
    std::vector<Request> requests;
    for (Work& work : works) {
      requests.push_back({.is_write = true,
                          .is_scrub = false,
                          .work = std::move(work),
                          .executor = {},
                          .resume = {},
                          .result = {}});
    }
    batcher_.run(requests);
  }

  static Result<void> receive(Connection& db, const std::string& id) {
    auto event = make_event("a", id);
    event.origin = model::EventOrigin::kReceived;
    event.status = model::EventStatus::kPending;
    TRY_VOID(insert_event(db, event));
    return insert_delivery(db, make_delivery(event, "dlv_" + id, "wh_1"));
  }

  Batcher batcher_{*driver_, db(), [](const Error&) {}};
};

TEST_F(BatcherTest, CountsTheRowsOfThoseThatSucceeded) {
  run({[](Connection& db) { return receive(db, "evt_1"); },
       [](Connection& db) -> Result<void> {
         TRY_VOID(receive(db, "evt_2"));
         return fail(Errc::kConflict, "no");
       },
       [](Connection& db) { return receive(db, "evt_3"); }});
  run({[](Connection& db) { return receive(db, "evt_4"); }});
  run({[](Connection& db) -> Result<void> {
    TRY_VOID(receive(db, "evt_5"));
    return fail(Errc::kConflict, "no");
  }});
  EXPECT_EQ(row_count(db(), Counted::kReceivedEvents), 3);
  EXPECT_EQ(row_count(db(), Counted::kDeliveries), 3);
  EXPECT_EQ(count_received(db())->received, 3);
  EXPECT_EQ(count_received(db())->processed, 0);
  EXPECT_EQ(count_deliveries(db())->pending, 3);
  EXPECT_EQ(count_deliveries(db())->delivered, 0);

  auto delivery = *find_delivery(db(), "a", "dlv_evt_1");
  attempt(delivery, model::DeliveryState::kDelivered);
  run({[](Connection& db) { return remove_told_events(db, "a", {"evt_1", "evt_3"}); },
       [](Connection& db) { return receive(db, "evt_6"); }});
  EXPECT_EQ(row_count(db(), Counted::kReceivedEvents), 3) << "evt_3 is still to be delivered";
  EXPECT_EQ(row_count(db(), Counted::kDeliveries), 3);
}

TEST_F(BatcherTest, ReadsTheDestinationsOfATenantOnceUnlessTheyChange) {
  std::vector<std::string> seen;
  const Work look = [&seen](Connection& db) -> Result<void> {
    TRY(all, destinations_of_tenant(db, "a"));
    std::string ids;
    for (const auto& one : *all) ids += one->id + one->url + " ";
    seen.push_back(ids);
    return {};
  };
  const Work insert = [](Connection& db) {
    return insert_destination(db, make_destination("a", "wh_1"));
  };
  const Work change = [](Connection& db) {
    auto changed = make_destination("a", "wh_1");
    changed.url = "http://b";
    return update_destination(db, changed);
  };
  const Work insert_and_fail = [&](Connection& db) -> Result<void> {
    TRY_VOID(insert_destination(db, make_destination("a", "wh_2")));
    TRY_VOID(look(db));
    return fail(Errc::kConflict, "no");
  };
  const Work remove = [](Connection& db) { return delete_destination(db, "a", "wh_1", at_s(1)); };
  run({look, insert, look, change, look, insert_and_fail, look, remove, look});
  const std::string url = make_destination("a", "wh_1").url;
  const std::vector<std::string> expected = {
      "", "wh_1" + url + " ", "wh_1http://b ", "wh_1http://b wh_2" + url + " ", "wh_1http://b ",
      ""};
  EXPECT_EQ(seen, expected);

  // Read once: what is changed behind the repository's back is seen in the next transaction.
  seen.clear();
  run({insert, look,
       [](Connection& db) { return db.execute_script("UPDATE destinations SET url = 'c'"); },
       look});
  run({look});
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[2], "wh_1c ");
}

}  // namespace
}  // namespace verihook::store
