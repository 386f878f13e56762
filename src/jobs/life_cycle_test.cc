#include "jobs/life_cycle.h"

#include <gtest/gtest.h>

namespace verihook::jobs {
namespace {

using enum model::JobState;

constexpr model::JobState kAll[] = {kQueued,    kParsing, kProcessing, kPaused,
                                    kCompleted, kFailed,  kCancelled};

Result<std::optional<model::JobState>> after(model::JobState state, JobAction action,
                                             bool started = true) {
  model::Job job;
  job.state = state;
  if (started) job.started_at = WallTime{};
  return state_after(job, action);
}

TEST(LifeCycle, LetsActiveJobsBePausedAndCancelled) {
  for (const auto state : {kQueued, kProcessing}) {
    EXPECT_EQ(after(state, JobAction::kPause), kPaused);
    EXPECT_EQ(after(state, JobAction::kCancel), kCancelled);
  }
  EXPECT_EQ(after(kPaused, JobAction::kCancel), kCancelled);
}

TEST(LifeCycle, ResumesToWhereTheJobWas) {
  EXPECT_EQ(after(kPaused, JobAction::kResume, true), kProcessing);
  EXPECT_EQ(after(kPaused, JobAction::kResume, false), kQueued);
}

TEST(LifeCycle, TakesARepeatedRequestAsDone) {
  EXPECT_EQ(after(kPaused, JobAction::kPause), std::nullopt);
  EXPECT_EQ(after(kProcessing, JobAction::kResume), std::nullopt);
  EXPECT_EQ(after(kQueued, JobAction::kResume), std::nullopt);
  EXPECT_EQ(after(kCancelled, JobAction::kCancel), std::nullopt);
}

TEST(LifeCycle, RetriesOnlyWhatHasEnded) {
  for (const auto state : kAll) {
    const auto answer = after(state, JobAction::kRetry);
    EXPECT_EQ(answer.has_value(), model::is_final(state)) << model::to_string(state);
  }
}

TEST(LifeCycle, NeverBringsAJobBackFromItsEndAndSaysWhy) {
  for (const auto state : {kCompleted, kFailed, kCancelled}) {
    for (const auto action : {JobAction::kPause, JobAction::kResume}) {
      const auto answer = after(state, action);
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, Errc::kConflict);
      EXPECT_NE(answer.error().message.find(model::to_string(state)), std::string::npos);
    }
  }
  EXPECT_FALSE(after(kCompleted, JobAction::kCancel));
  for (const auto action : {JobAction::kPause, JobAction::kResume, JobAction::kCancel}) {
    EXPECT_FALSE(after(kParsing, action));
  }
}

}  // namespace
}  // namespace verihook::jobs
