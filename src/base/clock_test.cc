#include "base/clock.h"

#include <gtest/gtest.h>

namespace verihook {
namespace {

TEST(Iso8601, WritesWhatItReads) {
  for (const std::string_view text :
       {"2026-01-15T10:30:00.000Z", "1970-01-01T00:00:00.000Z", "0000-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z", "2024-02-29T23:59:59.001Z"}) {
    const auto time = parse_iso8601(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_iso8601(*time), text);
  }
}

TEST(Iso8601, TakesOffsetsFractionsAndLeapSeconds) {
  EXPECT_EQ(to_iso8601(*parse_iso8601("2026-01-01T05:30:00.1239+05:30")),
            "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(to_iso8601(*parse_iso8601("2016-12-31T23:59:60Z")), "2017-01-01T00:00:00.000Z");
}

TEST(Iso8601, RefusesWhatLiesOutsideOfTheYearsThatCanBeWritten) {
  for (const std::string_view text :
       {"0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

}  // namespace
}  // namespace verihook
