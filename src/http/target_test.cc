#include "http/target.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Target, DecodesPathAndQueryOnce) {
  const auto target = parse_target("/a%20b%2525/c+d?x=1+2&y=%26%3D&z&=w&&x=3");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a b%25/c+d");
  EXPECT_EQ(target->query, (Pairs{{"x", "1 2"}, {"y", "&="}, {"z", ""}, {"", "w"}, {"x", "3"}}));
}

TEST(Target, TakesThePathOutOfTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://a.test/b?c=d")->path, "/b");
  EXPECT_EQ(parse_target("http://a.test?c=d")->path, "/");
  EXPECT_EQ(parse_target("http://a.test?c=d")->query, (Pairs{{"c", "d"}}));
  EXPECT_EQ(parse_target("http://a.test")->path, "/");
  EXPECT_EQ(parse_target("*")->path, "*");
}

TEST(Target, RefusesWhatCouldMeanTwoThings) {
  for (const std::string_view bad :
       {"/%00", "/%2f",    "/%2F",   "/%5c",       "/%7f",      "/%0a",    "/.",
        "/..",  "/a/../b", "/a/./b", "/%2e",       "/%2e%2E/a", "/%",      "/%4",
        "/%g0", "/%ff",    "/%c3",   "/%ed%a0%80", "/?a=%00",   "/?%ff=a", "/?a=%f"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

}  // namespace
}  // namespace verihook::http
