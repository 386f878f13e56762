#include "store/verifications.h"

#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class VerificationsTest : public RepositoryTest {
 protected:
  model::Verification add(const std::string& tenant, const std::string& id, std::int64_t at = 0) {
    model::Verification verification;
    verification.tenant_id = tenant;
    verification.id = id;
    verification.email = "ann@example.com";
    verification.options.smtp = false;
    verification.timeout_ms = 5'000;
    verification.metadata = R"({"a":1})";
    verification.created_at = verification.claimable_at = at_s(at);
    EXPECT_TRUE(insert_verification(db(), verification));
    return verification;
  }
  static VerificationLease wish(std::int64_t now, std::int64_t rows_max = 100) {
    return {.node_id = "node_1",
            .now = at_s(now),
            .until = at_s(now + 60),
            .rows_max = rows_max,
            .rows_per_tenant_max = 100};
  }
  std::vector<model::Verification> lease(const VerificationLease& wanted) {
    auto leased = lease_verifications(db(), wanted);
    EXPECT_TRUE(leased) << leased.error().message;
    return *std::move(leased);
  }
  static std::string ids(const std::vector<model::Verification>& all) {
    std::string text;
    for (const auto& one : all) text += one.id + " ";
    return text;
  }
  // Leased and never heard of again.
  void crash_with(const std::string& id, int times) {
    ASSERT_TRUE(db().execute("UPDATE verifications SET leases = $2 WHERE id = $1", {id, times}));
  }
};

TEST_F(VerificationsTest, OneReadsBackAndIsNobodyElses) {
  add("a", "ver_1");
  const auto found = find_verification(db(), "a", "ver_1");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->email, "ann@example.com");
  EXPECT_FALSE(found->options.smtp);
  EXPECT_EQ(found->timeout_ms, 5'000);
  EXPECT_EQ(found->metadata, R"({"a":1})");
  EXPECT_EQ(found->created_at, at_s(0));
  EXPECT_FALSE(found->done());
  EXPECT_EQ(code_of(find_verification(db(), "b", "ver_1")), Errc::kNotFound);
}

TEST_F(VerificationsTest, WhatIsDueIsLeasedOnceAndInTheOrderOfItsTime) {
  add("a", "ver_2", 2);
  add("a", "ver_1", 1);
  add("a", "ver_9", 9);
  const auto leased = lease(wish(5));
  EXPECT_EQ(ids(leased), "ver_1 ver_2 ");
  EXPECT_EQ(leased.front().fence, 1);
  EXPECT_EQ(leased.front().leases, 1);
  EXPECT_EQ(leased.front().lease_owner, "node_1");
  EXPECT_TRUE(lease(wish(5)).empty());
  EXPECT_EQ(next_verification_time(db()), at_s(9));
}

TEST_F(VerificationsTest, TenantsShareAndTheOneWithTheFewestGoesFirst) {
  for (const char* id : {"ver_a1", "ver_a2", "ver_a3", "ver_a4"}) add("a", id);
  for (const char* id : {"ver_b1", "ver_b2", "ver_b3"}) add("b", id);
  add("c", "ver_c1");
  auto wanted = wish(1, 3);
  EXPECT_EQ(ids(lease(wanted)), "ver_a1 ver_b1 ver_c1 ");
  wanted.rows_max = 1;
  wanted.held = {{"a", 3}, {"b", 1}};
  EXPECT_EQ(ids(lease(wanted)), "ver_b2 ");
  wanted.rows_max = 10;
  wanted.rows_per_tenant_max = 4;
  EXPECT_EQ(ids(lease(wanted)), "ver_b3 ver_a2 ");
}

TEST_F(VerificationsTest, ALapsedLeaseIsGivenAgainAndTheFirstComesTooLate) {
  add("a", "ver_1");
  const auto first = lease(wish(0)).front();
  EXPECT_TRUE(lease(wish(59)).empty());
  const auto second = lease(wish(60)).front();
  EXPECT_EQ(second.leases, 2);
  EXPECT_EQ(code_of(finish_verification(db(), first, "{}", at_s(61))), Errc::kConflict);
  EXPECT_EQ(code_of(park_verification(db(), first, at_s(99))), Errc::kConflict);
  ASSERT_TRUE(finish_verification(db(), second, R"({"x":1})", at_s(61)));
  const auto found = find_verification(db(), "a", "ver_1");
  EXPECT_EQ(found->result, R"({"x":1})");
  EXPECT_EQ(found->finished_at, at_s(61));
  EXPECT_EQ(code_of(finish_verification(db(), second, "{}", at_s(62))), Errc::kConflict);
  EXPECT_EQ(count_open_verifications(db()), 0);
}

TEST_F(VerificationsTest, AParkedOneIsDueWhenItsServerWantsItAndCountsItsTries) {
  add("a", "ver_1");
  ASSERT_TRUE(park_verification(db(), lease(wish(0)).front(), at_s(300)));
  EXPECT_EQ(next_verification_time(db()), at_s(300));
  EXPECT_TRUE(lease(wish(299)).empty());
  const auto again = lease(wish(300)).front();
  EXPECT_EQ(again.times_parked, 1);
  EXPECT_EQ(again.leases, 1);
}

TEST_F(VerificationsTest, AnOrderlyStopIsNoCrash) {
  add("a", "ver_1");
  add("a", "ver_2");
  const auto leased = lease(wish(0));
  EXPECT_EQ(release_verifications(db(), "node_2", LeaseEnd::kOrderly), 0);
  EXPECT_EQ(release_verifications(db(), "node_1", LeaseEnd::kOrderly), 2);
  EXPECT_EQ(code_of(finish_verification(db(), leased.front(), "{}", at_s(1))), Errc::kConflict);
  EXPECT_EQ(lease(wish(1)).front().leases, 1);
  EXPECT_EQ(release_verifications(db(), "node_1", LeaseEnd::kCrash), 2);
  EXPECT_EQ(lease(wish(2)).front().leases, 2);
}

TEST_F(VerificationsTest, ThoseThatCrashedMostAreFoundFirst) {
  for (const char* id : {"ver_1", "ver_2", "ver_3"}) add("a", id);
  EXPECT_EQ(most_leases_of_due(db(), at_s(1)), 0);
  crash_with("ver_2", 5);
  crash_with("ver_3", 7);
  EXPECT_EQ(most_leases_of_due(db(), at_s(1)), 7);
  EXPECT_EQ(ids(*lease_suspects(db(), wish(1, 1))), "ver_3 ");
  EXPECT_EQ(ids(*lease_suspects(db(), wish(1, 5))), "ver_2 ");
}

TEST_F(VerificationsTest, LeasingUsesTheIndexesOfWhatIsOpen) {
  const auto due = plan_of(
      "SELECT tenant_id, id FROM verifications WHERE state = 'open' AND tenant_id = $1"
      " AND claimable_at <= $2 ORDER BY claimable_at, id LIMIT $3",
      3);
  EXPECT_NE(due.find("verifications_open"), std::string::npos) << due;
  EXPECT_EQ(due.find("TEMP B-TREE"), std::string::npos) << due;
  const auto suspect = plan_of(
      "SELECT COALESCE(MAX(leases), 0) FROM verifications"
      " WHERE state = 'open' AND leases >= 5 AND claimable_at <= $1",
      1);
  EXPECT_NE(suspect.find("verifications_suspect"), std::string::npos) << suspect;
}

}  // namespace
}  // namespace verihook::store
