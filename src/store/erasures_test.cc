#include "store/erasures.h"

#include <algorithm>

#include "store/contacts.h"
#include "store/jobs.h"
#include "store/rejected_entries.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class ErasuresTest : public DeliveryRepositoryTest {
 protected:
  model::Erasure add(const std::string& id) {
    model::Erasure erasure;
    erasure.tenant_id = "a";
    erasure.id = id;
    erasure.scope = "b";
    erasure.email = "ann@example.com";
    erasure.address_hash = "hash";
    erasure.created_at = at_s(1);
    EXPECT_TRUE(insert_erasure(db(), erasure));
    return erasure;
  }
  static const TextTable& table(std::string_view name) {
    return *std::ranges::find(text_tables(), name, &TextTable::name);
  }
};

TEST_F(ErasuresTest, AReceiptReadsBackAndIsNobodyElses) {
  auto erasure = add("era_1");
  ASSERT_TRUE(count_erased(db(), erasure, "contacts", 2));
  ASSERT_TRUE(count_erased(db(), erasure, "contacts", 3));
  ASSERT_TRUE(count_erased(db(), erasure, "list_rows", 1));
  const auto found = find_erasure(db(), "a", "era_1");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->scope, "b");
  EXPECT_EQ(found->email, "ann@example.com");
  EXPECT_EQ(found->address_hash, "hash");
  EXPECT_EQ(found->created_at, at_s(1));
  EXPECT_EQ(found->finished_at, std::nullopt);
  EXPECT_EQ(found->counts,
            (std::map<std::string, std::int64_t>{{"contacts", 5}, {"list_rows", 1}}));
  EXPECT_EQ(code_of(find_erasure(db(), "b", "era_1")), Errc::kNotFound);
  EXPECT_TRUE(list_erasures(db(), "b", "", 9)->empty());
}

TEST_F(ErasuresTest, TheOldestThatIsNotCompletedIsNext) {
  auto first = add("era_1");
  add("era_2");
  EXPECT_EQ((*next_erasure(db()))->id, "era_1");
  first.state = model::ErasureState::kScrubbing;
  first.email.clear();
  ASSERT_TRUE(update_erasure(db(), first));
  EXPECT_EQ((*next_erasure(db()))->state, model::ErasureState::kScrubbing);
  EXPECT_EQ((*next_erasure(db()))->email, "");
  first.state = model::ErasureState::kCompleted;
  first.finished_at = at_s(9);
  ASSERT_TRUE(update_erasure(db(), first));
  EXPECT_EQ((*next_erasure(db()))->id, "era_2");
  const auto all = list_erasures(db(), "a", "", 9);
  EXPECT_EQ(all->front().id, "era_2");
  EXPECT_EQ(all->back().finished_at, at_s(9));
}

TEST_F(ErasuresTest, EveryTableOfTextsCanBeReadPageByPage) {
  for (const TextTable& one : text_tables()) {
    const auto rows = find_texts(db(), one, "a", {}, 10);
    ASSERT_TRUE(rows) << one.name << ": " << rows.error().message;
    EXPECT_TRUE(rows->empty());
    const std::vector<std::string> key(one.keys.size(), "x");
    EXPECT_TRUE(find_texts(db(), one, "a", key, 10)) << one.name;
  }
}

TEST_F(ErasuresTest, ARowOfTextsIsRewrittenOrRemovedAsItThenIs) {
  const auto event = add_event("evt_1");
  add_event("evt_2");
  auto delivery = add_delivery(event, "dlv_1");
  attempt(delivery, model::DeliveryState::kDelivered);
  const TextTable& events = table("events");
  const auto page = find_texts(db(), events, "a", {}, 1);
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ(page->front().key, std::vector<std::string>{"evt_1"});
  EXPECT_EQ(find_texts(db(), events, "a", page->front().key, 9)->size(), 1u);
  EXPECT_TRUE(find_texts(db(), events, "b", {}, 9)->empty());
  const auto rewrite = [](TextRow& row) {
    row.texts.back() = "other body";
    return TextChange::kRewritten;
  };
  EXPECT_EQ(change_texts(db(), events, "a", {"evt_1"}, rewrite), TextChange::kRewritten);
  EXPECT_EQ(find_event(db(), "a", "evt_1")->body, "other body");
  EXPECT_NE(find_event(db(), "a", "evt_2")->body, "other body");
  EXPECT_EQ(change_texts(db(), events, "b", {"evt_2"}, rewrite), TextChange::kNone);
  const TextTable& attempts = table("attempts");
  const auto tried = find_texts(db(), attempts, "a", {}, 9);
  ASSERT_EQ(tried->size(), 1u);
  EXPECT_EQ(change_texts(db(), attempts, "a", tried->front().key, rewrite), TextChange::kRewritten);
  EXPECT_EQ(list_attempts(db(), "a", "dlv_1")->front().response_head, "other body");
}

TEST_F(ErasuresTest, RejectedEntriesAreReadByNumberAndRewritten) {
  model::Job job;
  job.tenant_id = "a";
  job.id = "job_1";
  ASSERT_TRUE(insert_job(db(), job));
  std::vector<model::RejectedEntry> entries;
  for (const std::int64_t number : {2, 9, 10, 100}) {
    entries.push_back({number, number, "too_long", "ann@example.com"});
  }
  ASSERT_TRUE(insert_rejected_entries(db(), "a", "job_1", entries));
  const TextTable& rejected = table("rejected_entries");
  const auto rest = find_texts(db(), rejected, "a", {"job_1", "9"}, 9);
  ASSERT_EQ(rest->size(), 2u);
  EXPECT_EQ(rest->front().key, (std::vector<std::string>{"job_1", "10"}));
  const auto blank = [](TextRow& row) {
    row.texts.front().clear();
    return TextChange::kRewritten;
  };
  EXPECT_EQ(change_texts(db(), rejected, "a", rest->front().key, blank), TextChange::kRewritten);
  const auto after = list_rejected_entries(db(), "a", "job_1", 0, 9);
  EXPECT_EQ(after->at(2).excerpt, "");
  EXPECT_EQ(after->at(3).excerpt, "ann@example.com");
}

TEST_F(ErasuresTest, ARowThatIsToGoGoes) {
  ASSERT_TRUE(import_contacts(db(), "a", std::vector<std::string>{"Ann@example.com", "b@x.test"}));
  const auto remove = [](TextRow&) { return TextChange::kRemove; };
  EXPECT_EQ(change_texts(db(), table("contacts"), "a", {"ann@example.com"}, remove),
            TextChange::kRemove);
  EXPECT_EQ(list_contacts(db(), "a", "", 9)->size(), 1u);
}

}  // namespace
}  // namespace verihook::store
