#include "app/duration.h"

#include <gtest/gtest.h>

namespace verihook::app {
namespace {

TEST(Duration, ReadsWhatPeopleWriteAndWritesItBack) {
  for (const std::string_view text : {"1ms", "500ms", "90s", "6m", "2h", "30d"}) {
    const auto duration = Duration::parse(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(duration->to_string(), text);
  }
  EXPECT_EQ(Duration::parse("60s")->value, Milliseconds{60'000});
  EXPECT_EQ(Duration::parse("60s")->to_string(), "1m");
}

TEST(Duration, RefusesTheRest) {
  for (const std::string_view text :
       {"", "5", "s", "0s", "-1s", "1.5h", "1 h", "1H", "31d", "99999999999999999999d", "1mm"}) {
    EXPECT_FALSE(Duration::parse(text)) << text;
  }
}

}  // namespace
}  // namespace verihook::app
