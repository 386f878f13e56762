#include "webhooks/event_match.h"

#include <vector>

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
