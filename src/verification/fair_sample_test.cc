#include "verification/fair_sample.h"

#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using namespace std::chrono_literals;

TEST(FairSample, TakesSoManyDifferentFailuresAndNoSuccess) {
  FairSample sample(3);
  const MonotonicTime now{1h};
  for (int i = 0; i < 10; ++i) sample.failed("a");
  sample.failed("b");
  EXPECT_FALSE(sample.take_failed(now));
  sample.failed("c");
  EXPECT_TRUE(sample.take_failed(now));
  EXPECT_FALSE(sample.take_failed(now)) << "a new sample has begun";
}

TEST(FairSample, ASuccessALittleWhileAgoSpeaksAgainstIt) {
  FairSample sample(2, 60s);
  MonotonicTime now{1h};
  sample.succeeded(now);
  for (const char* whom : {"a", "b", "c"}) sample.failed(whom);
  EXPECT_FALSE(sample.take_failed(now + 59s));
  EXPECT_TRUE(sample.take_failed(now + 60s));
}

TEST(FairSample, OfSizeZeroNeverFails) {
  FairSample sample(0);
  sample.failed("a");
  EXPECT_FALSE(sample.take_failed(MonotonicTime{1h}));
}

}  // namespace
}  // namespace verihook::verification
