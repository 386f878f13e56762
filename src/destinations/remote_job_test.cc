#include "destinations/remote_job.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

TEST(RemoteJob, CountsWholeQuarters) {
  EXPECT_EQ(quarter_of(0, 0), 0);
  EXPECT_EQ(quarter_of(24, 100), 0);
  EXPECT_EQ(quarter_of(25, 100), 1);
  EXPECT_EQ(quarter_of(99, 100), 3);
  EXPECT_EQ(quarter_of(100, 100), 4);
  EXPECT_EQ(quarter_of(200, 100), 4);
  EXPECT_EQ(quarter_of(INT64_MAX - 1, INT64_MAX), 3);
}

}  // namespace
}  // namespace verihook::destinations
