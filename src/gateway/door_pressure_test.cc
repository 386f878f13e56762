#include "gateway/door_pressure.h"

#include <gtest/gtest.h>

namespace verihook::gateway {
namespace {

using std::chrono::seconds;

TEST(DoorPressure, ShutsWhenDeliveriesAreLateAndOpensWhenTheyAreHalfAsLate) {
  DoorPressure pressure({.queue_age_max = seconds{60}, .disk_free_bytes_min = {}});
  pressure.update({.queue_age = seconds{60}, .disk_free_bytes = {}});
  EXPECT_FALSE(pressure.is_shut());
  pressure.update({.queue_age = seconds{61}, .disk_free_bytes = {}});
  EXPECT_TRUE(pressure.is_shut());
  EXPECT_EQ(pressure.reason(), "deliveries are late");
  pressure.update({.queue_age = seconds{40}, .disk_free_bytes = {}});
  EXPECT_TRUE(pressure.is_shut());
  pressure.update({.queue_age = seconds{30}, .disk_free_bytes = {}});
  EXPECT_FALSE(pressure.is_shut());
}

TEST(DoorPressure, ShutsWhenTheDiskIsNearlyFullAndOpensWithTwiceTheSpace) {
  DoorPressure pressure({.queue_age_max = {}, .disk_free_bytes_min = 100});
  pressure.update({.queue_age = seconds{9999}, .disk_free_bytes = 100});
  EXPECT_FALSE(pressure.is_shut());
  pressure.update({.queue_age = seconds{0}, .disk_free_bytes = 99});
  EXPECT_TRUE(pressure.is_shut());
  EXPECT_EQ(pressure.reason(), "the disk is nearly full");
  pressure.update({.queue_age = seconds{0}, .disk_free_bytes = 199});
  EXPECT_TRUE(pressure.is_shut());
  // What cannot be told changes nothing.
  pressure.update({.queue_age = seconds{0}, .disk_free_bytes = {}});
  EXPECT_TRUE(pressure.is_shut());
  pressure.update({.queue_age = seconds{0}, .disk_free_bytes = 200});
  EXPECT_FALSE(pressure.is_shut());
}

TEST(DoorPressure, WithoutLimitsNeverShuts) {
  DoorPressure pressure({});
  pressure.update({.queue_age = seconds{9999}, .disk_free_bytes = 0});
  EXPECT_FALSE(pressure.is_shut());
  EXPECT_EQ(pressure.reason(), "");
}

}  // namespace
}  // namespace verihook::gateway
