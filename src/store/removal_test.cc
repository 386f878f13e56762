#include "store/removal.h"

#include "store/jobs.h"
#include "store/rejected_entries.h"
#include "store/repository_fixture.h"
#include "store/verifications.h"

namespace verihook::store {
namespace {

class RemovalTest : public DeliveryRepositoryTest {
 protected:
  void add_job(const std::string& tenant, const std::string& id, std::int64_t chunks) {
    auto job = make_job(tenant, id, model::JobState::kQueued);
    job.chunk_count = chunks;
    ASSERT_TRUE(insert_job(db(), job));
    for (std::int64_t i = 0; i < chunks; ++i) {
      ASSERT_TRUE(insert_chunk(db(), make_chunk(job, i, 10), "rows"));
      for (const char* table : {"chunk_segments", "chunk_results"}) add_results(table, job, i);
    }
  }
  std::int64_t rows(const std::string& table, const std::string& job_id) {
    std::int64_t count = -1;
    EXPECT_TRUE(db().query("SELECT COUNT(*) FROM " + table + " WHERE job_id = $1", {job_id},
                           [&](const Row& row) {
                             count = row.integer(0);
                             return false;
                           }));
    return count;
  }
  void add_job_endpoint(const std::string& id, const std::string& job_id) {
    auto destination = make_destination("a", id);
    destination.job_id = job_id;
    ASSERT_TRUE(insert_destination(db(), destination));
  }
  void add_event_of(const std::string& job_id, const std::string& id) {
    auto event = make_event("a", id);
    event.origin = model::EventOrigin::kProduced;
    event.job_id = job_id;
    ASSERT_TRUE(insert_event(db(), event));
  }
  bool is_there(const std::string& id) { return find_destination(db(), "a", id).has_value(); }

 private:
  void add_results(const std::string& table, const model::Job& job, std::int64_t number) {
    const bool segmented = table == "chunk_segments";
    ASSERT_TRUE(db().execute(
        "INSERT INTO " + table + " (tenant_id, job_id, number" + (segmented ? ", segment" : "") +
            ", results) VALUES ($1, $2, $3, " + (segmented ? "0, " : "") + "$4)",
        {job.tenant_id, job.id, number, BlobView{"lines"}}));
  }
};

TEST_F(RemovalTest, AJobIsGoneAtOnceAndItsRowsAFewChunksAtATime) {
  add_job("a", "job_1", 5);
  add_job("a", "job_2", 1);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(code_of(find_job(db(), "a", "job_1")), Errc::kNotFound);
  EXPECT_EQ(rows("chunks", "job_1"), 5);
  for (const std::int64_t left : {3, 1, 0}) {
    EXPECT_EQ(remove_job_slice(db(), {.chunks = 2}), true);
    for (const char* table : {"chunks", "chunk_inputs", "chunk_segments", "chunk_results"}) {
      EXPECT_EQ(rows(table, "job_1"), left) << table;
    }
  }
  EXPECT_EQ(remove_job_slice(db(), {.chunks = 2}), true);
  EXPECT_EQ(remove_job_slice(db(), {.chunks = 2}), false);
  EXPECT_EQ(rows("removed_jobs", "job_1"), 0);
  for (const char* table : {"chunks", "chunk_inputs", "chunk_segments", "chunk_results"}) {
    EXPECT_EQ(rows(table, "job_2"), 1) << table;
  }
}

TEST_F(RemovalTest, AJobOfAnotherTenantWithTheSameIdKeepsItsRows) {
  add_job("a", "job_1", 1);
  add_job("b", "job_1", 1);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  while (remove_job_slice(db(), {}).value()) {
  }
  EXPECT_EQ(rows("chunks", "job_1"), 1);
  EXPECT_TRUE(find_job(db(), "b", "job_1"));
}

TEST_F(RemovalTest, ItsEventsFollowAndThoseStillToBeDeliveredStay) {
  add_job("a", "job_1", 0);
  for (const char* id : {"evt_1", "evt_2", "evt_3", "evt_4"}) add_event_of("job_1", id);
  add_event_of("job_2", "evt_5");
  auto provider = make_event("a", "evt_6");
  provider.origin = model::EventOrigin::kReceived;
  provider.job_id = "job_1";
  ASSERT_TRUE(insert_event(db(), provider));
  auto delivered = add_delivery(*find_event(db(), "a", "evt_1"), "dlv_1");
  attempt(delivered, model::DeliveryState::kDelivered);
  add_delivery(*find_event(db(), "a", "evt_3"), "dlv_3");
  auto dead = add_delivery(*find_event(db(), "a", "evt_4"), "dlv_4");
  attempt(dead, model::DeliveryState::kDead);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(remove_job_slice(db(), {.rows = 1}), true);
  EXPECT_FALSE(find_event(db(), "a", "evt_1"));
  EXPECT_FALSE(find_delivery(db(), "a", "dlv_1"));
  EXPECT_TRUE(list_attempts(db(), "a", "dlv_1")->empty());
  EXPECT_TRUE(find_event(db(), "a", "evt_2"));
  while (remove_job_slice(db(), {}).value()) {
  }
  EXPECT_FALSE(find_event(db(), "a", "evt_2"));
  for (const char* id : {"evt_3", "evt_4", "evt_5", "evt_6"}) {
    EXPECT_TRUE(find_event(db(), "a", id)) << id;
  }
}

TEST_F(RemovalTest, AJobsEndpointStaysUntilItsLastDeliveryIsOver) {
  add_job("a", "job_1", 0);
  add_job("a", "job_2", 0);
  for (const char* id : {"wh_done", "wh_pending", "wh_dead", "wh_unused"}) {
    add_job_endpoint(id, "job_1");
  }
  add_job_endpoint("wh_other_job", "job_2");
  add_destination("wh_of_all_jobs");
  const auto event = add_event("evt_1");
  auto delivered = add_delivery(event, "dlv_1", "wh_done");
  attempt(delivered, model::DeliveryState::kDelivered);
  add_delivery(event, "dlv_2", "wh_pending");
  auto dead = add_delivery(event, "dlv_3", "wh_dead");
  attempt(dead, model::DeliveryState::kDead);
  EXPECT_EQ(remove_job_endpoints(db(), 10), 0);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(remove_job_endpoints(db(), 1), 1);
  EXPECT_EQ(remove_job_endpoints(db(), 10), 1);
  EXPECT_EQ(remove_job_endpoints(db(), 10), 0);
  for (const char* id : {"wh_pending", "wh_dead", "wh_other_job", "wh_of_all_jobs"}) {
    EXPECT_TRUE(is_there(id)) << id;
  }
  for (const char* id : {"wh_done", "wh_unused"}) EXPECT_FALSE(is_there(id)) << id;
}

TEST_F(RemovalTest, RejectedEntriesGoWithTheirJobALittleAtATime) {
  add_job("a", "job_1", 0);
  add_job("a", "job_2", 0);
  const std::vector<model::RejectedEntry> entries = {{1, 1, "too_long", "x"},
                                                     {2, 2, "too_long", "y"}};
  ASSERT_TRUE(insert_rejected_entries(db(), "a", "job_1", entries));
  ASSERT_TRUE(insert_rejected_entries(db(), "a", "job_2", entries));
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(insert_rejected_entries(db(), "a", "job_1", entries).error().code, Errc::kNotFound);
  EXPECT_EQ(remove_job_slice(db(), {.chunks = 1, .rows = 1}), true);
  EXPECT_EQ(list_rejected_entries(db(), "a", "job_1", 0, 9)->size(), 1u);
  while (*remove_job_slice(db(), {.chunks = 1, .rows = 1})) {
  }
  EXPECT_EQ(list_rejected_entries(db(), "a", "job_1", 0, 9)->size(), 0u);
  EXPECT_EQ(list_rejected_entries(db(), "a", "job_2", 1, 9)->size(), 1u);
}

TEST_F(RemovalTest, AVerificationsEndpointStaysUntilItHasEnded) {
  model::Verification verification;
  verification.tenant_id = "a";
  verification.id = "ver_1";
  ASSERT_TRUE(insert_verification(db(), verification));
  add_job_endpoint("wh_1", "ver_1");
  EXPECT_EQ(remove_job_endpoints(db(), 10), 0);
  const VerificationLease lease{
      .node_id = "n", .now = at_s(0), .until = at_s(9), .rows_max = 1, .rows_per_tenant_max = 1};
  ASSERT_TRUE(finish_verification(db(), lease_verifications(db(), lease)->front(), "{}", at_s(1)));
  EXPECT_EQ(remove_job_endpoints(db(), 10), 1);
}

}  // namespace
}  // namespace verihook::store
