#include "cli/progress.h"

#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

using namespace std::chrono_literals;

const Progress kProgress{
    .processed = 1'234, .total = 5'000, .valid = 900, .invalid = 200, .risky = 100, .unknown = 34};

Terminal wide() { return {.is_terminal = true, .colour = false, .unicode = false, .width = 140}; }

MonotonicTime at(std::chrono::milliseconds since) { return MonotonicTime{} + since; }

TEST(ProgressLine, ShowsEverythingWhereThereIsRoom) {
  EXPECT_EQ(progress_line(wide(), kProgress, 500.4),
            "#######-----------------------   24.6 %  1,234 / 5,000  0:08 left  500/s  "
            "900 valid  200 invalid  100 risky  34 unknown");
}

TEST(ProgressLine, LeavesPartsOutWhereThereIsNone) {
  Terminal terminal = wide();
  for (int width = 20; width < 140; ++width) {
    terminal.width = width;
    const std::string line = progress_line(terminal, kProgress, 500.4);
    EXPECT_LT(display_width(line), static_cast<std::size_t>(width));
    EXPECT_NE(line.find("24.6 %"), line.npos);
  }
  terminal.width = 60;
  EXPECT_EQ(progress_line(terminal, kProgress, 500.4).find("valid"), std::string::npos);
}

TEST(ProgressLine, PromisesNothingWithoutARateOrAtTheEnd) {
  EXPECT_EQ(progress_line(wide(), kProgress, std::nullopt).find("left"), std::string::npos);
  Progress done = kProgress;
  done.processed = done.total;
  const std::string line = progress_line(wide(), done, 500);
  EXPECT_EQ(line.find("left"), std::string::npos);
  EXPECT_NE(line.find("##############################  100.0 %"), line.npos) << line;
  EXPECT_EQ(progress_line(wide(), kProgress, 0.001).find("left"), std::string::npos);
}

TEST(ProgressLine, PaintsOnlyWhereColoursAreWanted) {
  Terminal terminal = wide();
  EXPECT_EQ(progress_line(terminal, kProgress, 1).find('\x1b'), std::string::npos);
  terminal.colour = true;
  EXPECT_NE(progress_line(terminal, kProgress, 1).find("\x1b[32m"), std::string::npos);
}

TEST(RateMeter, KnowsNothingBeforeTheSecondSample) {
  RateMeter meter;
  EXPECT_FALSE(meter.per_second());
  meter.note(at(0ms), 100);
  EXPECT_FALSE(meter.per_second());
  meter.note(at(500ms), 100);
  EXPECT_FALSE(meter.per_second());
}

TEST(RateMeter, ForgetsWhatLiesLongBack) {
  RateMeter meter;
  meter.note(at(0ms), 0);
  meter.note(at(1s), 1'000);
  EXPECT_DOUBLE_EQ(meter.per_second().value(), 1'000);
  for (int second = 2; second <= 60; ++second) {
    meter.note(at(std::chrono::seconds{second}), 1'000 + (second - 1) * 10);
  }
  EXPECT_NEAR(meter.per_second().value(), 10, 0.5);
}

TEST(RateMeter, FallsWhileNothingMoves) {
  RateMeter meter;
  meter.note(at(0ms), 0);
  meter.note(at(1s), 100);
  for (int i = 0; i < 50; ++i) meter.note(at(1s + i * 100ms), 100);
  EXPECT_LT(meter.per_second().value(), 25);
}

}  // namespace
}  // namespace verihook::cli
