#include "store/rejected_requests.h"

#include "store/destinations.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

class RejectedRequestsTest : public RepositoryTest {
 protected:
  model::RejectedRequest add(const std::string& id, const std::string& source = "src_1",
                             std::int64_t at = 1, const std::string& body = "body") {
    model::RejectedRequest request;
    request.tenant_id = "a";
    request.id = id;
    request.source_id = source;
    request.outcome = "invalid_signature";
    request.cause = "prefix";
    request.diagnosis = "The prefix.";
    request.headers = R"([["A","b"]])";
    request.secret_headers = std::string("se\0aled", 7);
    request.peer = "192.0.2.1";
    request.body = body;
    request.body_bytes = std::ssize(body);
    request.received_at = at_s(at);
    EXPECT_TRUE(insert_rejected_request(db(), request));
    return request;
  }
  std::vector<std::string> ids(const RejectedRequestFilter& filter = {},
                               const std::string& source = "src_1") {
    std::vector<std::string> all;
    const auto found = list_rejected_requests(db(), "a", source, filter);
    EXPECT_TRUE(found.has_value());
    for (const auto& one : *found) all.push_back(one.id);
    return all;
  }
};

using Ids = std::vector<std::string>;

TEST_F(RejectedRequestsTest, OneReadsBackAndIsNobodyElses) {
  const auto added = add("req_1", "src_1", 1, std::string("\0\xff", 2));
  const auto found = find_rejected_request(db(), "a", "src_1", "req_1");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->outcome, added.outcome);
  EXPECT_EQ(found->cause, added.cause);
  EXPECT_EQ(found->diagnosis, added.diagnosis);
  EXPECT_EQ(found->headers, added.headers);
  EXPECT_EQ(found->secret_headers, added.secret_headers);
  EXPECT_EQ(found->peer, added.peer);
  EXPECT_EQ(found->body, added.body);
  EXPECT_TRUE(found->is_whole());
  EXPECT_EQ(found->received_at, added.received_at);
  EXPECT_EQ(code_of(find_rejected_request(db(), "b", "src_1", "req_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(find_rejected_request(db(), "a", "src_2", "req_1")), Errc::kNotFound);
  add("req_2", "src_1", 1, "");
  EXPECT_EQ(find_rejected_request(db(), "a", "src_1", "req_2")->body, "");
}

TEST_F(RejectedRequestsTest, GoWithTheirSource) {
  model::Source source;
  source.tenant_id = "a";
  source.id = "src_1";
  source.name = "door";
  ASSERT_TRUE(insert_source(db(), source));
  add("req_1");
  add("req_2", "src_2");
  ASSERT_TRUE(delete_source(db(), "a", "src_1"));
  EXPECT_EQ(ids(), Ids{});
  EXPECT_EQ(ids({}, "src_2"), Ids{"req_2"});
}

TEST_F(RejectedRequestsTest, AreListedFromEitherEndWithoutTheirBodies) {
  for (const auto* id : {"req_1", "req_2", "req_3"}) add(id);
  add("req_4", "src_2");
  EXPECT_EQ(ids(), (Ids{"req_3", "req_2", "req_1"}));
  EXPECT_EQ(ids({.outcome = {}, .cause = {}, .before_id = "req_3", .after_id = {}, .limit = 1}),
            (Ids{"req_2"}));
  RejectedRequestFilter oldest;
  oldest.oldest_first = true;
  oldest.after_id = "req_1";
  EXPECT_EQ(ids(oldest), (Ids{"req_2", "req_3"}));
  EXPECT_EQ(ids({}, "src_2"), (Ids{"req_4"}));
  EXPECT_EQ(list_rejected_requests(db(), "a", "src_1", {})->front().body, "");
  RejectedRequestFilter filter;
  filter.outcome = "invalid_signature";
  filter.cause = "prefix";
  EXPECT_EQ(ids(filter).size(), 3u);
  filter.cause = "clock_skew";
  EXPECT_TRUE(ids(filter).empty());
}

TEST_F(RejectedRequestsTest, TheOldestOfASourceMakeRoom) {
  for (const auto* id : {"req_1", "req_2", "req_3", "req_4"}) add(id);
  add("req_5", "src_2");
  EXPECT_EQ(trim_rejected_requests(db(), "a", "src_1", 4, 1'000'000), 0);
  EXPECT_EQ(trim_rejected_requests(db(), "a", "src_1", 3, 1'000'000), 1);
  EXPECT_EQ(ids(), (Ids{"req_4", "req_3", "req_2"}));
  add("req_6", "src_1", 1, std::string(5'000, 'x'));
  EXPECT_EQ(trim_rejected_requests(db(), "a", "src_1", 100, 5'100), 1);
  EXPECT_EQ(ids(), (Ids{"req_6", "req_4", "req_3"}));
  EXPECT_EQ(trim_rejected_requests(db(), "a", "src_1", 100, 10), 3);
  EXPECT_EQ(ids(), Ids{});
  EXPECT_EQ(ids({}, "src_2"), (Ids{"req_5"}));
}

TEST_F(RejectedRequestsTest, WhatASourceHasIsSummedUpByTheIndexAlone) {
  EXPECT_NE(plan_of("SELECT COUNT(*), SUM(kept_bytes) FROM rejected_requests WHERE tenant_id = $1"
                    " AND source_id = $2",
                    2)
                .find("COVERING INDEX rejected_requests_source"),
            std::string::npos);
}

TEST_F(RejectedRequestsTest, OldOnesAreForgottenALittleAtATime) {
  for (int i = 1; i <= 5; ++i) add("req_" + std::to_string(i), "src_1", i);
  EXPECT_EQ(forget_rejected_requests(db(), at_s(5), 3), 3);
  EXPECT_EQ(forget_rejected_requests(db(), at_s(5), 3), 1);
  EXPECT_EQ(forget_rejected_requests(db(), at_s(5), 3), 0);
  EXPECT_EQ(ids(), (Ids{"req_5"}));
  EXPECT_EQ(delete_rejected_request(db(), "a", "req_5"), true);
  EXPECT_EQ(delete_rejected_request(db(), "a", "req_5"), false);
}

}  // namespace
}  // namespace verihook::store
