#include "webhooks/event_match.h"

#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace verihook::webhooks {
namespace {

bool match(std::string_view type, std::vector<std::string> filters) {
  return event_matches(type, filters);
}

TEST(EventMatch, KnowsExactTypesGroupsAndEverything) {
  EXPECT_TRUE(match("bulk.completed", {"bulk.completed"}));
  EXPECT_TRUE(match("bulk.completed", {"bulk.*"}));
  EXPECT_TRUE(match("bulk.job.completed", {"bulk.*"}));
  EXPECT_TRUE(match("anything", {"*"}));
  EXPECT_TRUE(match("bulk.failed", {"verification.completed", "bulk.failed"}));
}

TEST(EventMatch, LetsNothingElseThrough) {
  EXPECT_FALSE(match("bulk.completed", {}));
  EXPECT_FALSE(match("bulk.completed", {"bulk"}));
  EXPECT_FALSE(match("bulk.completed", {"bulk.failed", "verification.*"}));
  EXPECT_FALSE(match("bulk", {"bulk.*"}));
  EXPECT_FALSE(match("bulk.", {"bulk.*"}));
  EXPECT_FALSE(match("bulky.completed", {"bulk.*"}));
  EXPECT_FALSE(match("Bulk.Completed", {"bulk.completed"}));
}

TEST(MetadataMatch, AsksForEveryMemberOfTheFilter) {
  const std::string payload =
      R"({"status":"completed","metadata":{"list":"spring","priority":2,"test":false,"of":null}})";
  for (const char* filter : {"{}", R"({"list":"spring"})", R"({"priority":2})",
                             R"({"test":false,"of":null})", R"({"list":"spring","priority":2})"}) {
    EXPECT_TRUE(metadata_matches(payload, filter)) << filter;
  }
  for (const char* filter : {R"({"list":"Spring"})", R"({"priority":"2"})", R"({"other":null})",
                             R"({"list":"spring","priority":3})", R"({"test":0})"}) {
    EXPECT_FALSE(metadata_matches(payload, filter)) << filter;
  }
}

TEST(MetadataMatch, LetsNothingThroughThatHasNoMetadata) {
  for (const char* payload : {"", "no JSON", "[]", "{}", R"({"metadata":"list"})",
                              R"({"metadata":{}})", R"({"list":"spring"})"}) {
    EXPECT_FALSE(metadata_matches(payload, R"({"list":"spring"})")) << payload;
    EXPECT_TRUE(metadata_matches(payload, "{}")) << payload;
  }
}

TEST(MetadataMatch, ChecksTheFormOfTheFilter) {
  const auto good = [](std::string_view filter) {
    return check_metadata_filter(boost::json::parse(filter)).has_value();
  };
  EXPECT_TRUE(good("{}"));
  EXPECT_TRUE(good(R"({"a":"b","c":1.5,"d":true,"e":null})"));
  EXPECT_FALSE(good("[]"));
  EXPECT_FALSE(good(R"("list")"));
  EXPECT_FALSE(good(R"({"a":{}})"));
  EXPECT_FALSE(good(R"({"a":["b"]})"));
  std::string many = "{";
  for (int i = 0; i < 21; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
  EXPECT_FALSE(good(many + "}"));
}

TEST(EventMatch, ChecksTheFormOfFilters) {
  for (const char* filter : {"*", "bulk.*", "bulk.completed", "a.b.c.*", "push", "issue-opened"}) {
    EXPECT_TRUE(check_event_filter(filter)) << filter;
  }
  for (const char* filter : {"", ".", "*.completed", "bulk*", "bulk.**", "bulk.", ".bulk", "a..b",
                             "bulk completed", ".*", "**", "b*lk.x"}) {
    EXPECT_FALSE(check_event_filter(filter)) << filter;
  }
}

}  // namespace
}  // namespace verihook::webhooks
