#include "jobs/pace.h"

#include <gtest/gtest.h>

#include "jobs/job_events.h"

namespace verihook::jobs {
namespace {

WallTime at_ms(std::int64_t ms) { return from_unix_ms(1'800'000'000'000 + ms); }

TEST(Pace, SaysNothingUntilThereAreTwoPoints) {
  Pace pace;
  EXPECT_FALSE(pace.rows_per_ms("job", at_ms(0)));
  pace.note("job", 100, at_ms(0));
  EXPECT_FALSE(pace.rows_per_ms("job", at_ms(5'000)));
  pace.note("job", 600, at_ms(5'000));
  EXPECT_NEAR(*pace.rows_per_ms("job", at_ms(5'000)), 0.1, 0.001);
}

TEST(Pace, FollowsTheLastMinuteAndNotTheWholeLife) {
  Pace pace;
  std::int64_t rows = 0;
  for (int s = 0; s <= 600; s += 5) pace.note("job", rows += 5'000, at_ms(s * 1'000));
  for (int s = 605; s <= 700; s += 5) pace.note("job", rows += 50, at_ms(s * 1'000));
  EXPECT_NEAR(*pace.rows_per_ms("job", at_ms(700'000)), 0.01, 0.002);
}

TEST(Pace, GetsSlowerWhileNothingComes) {
  Pace pace;
  pace.note("job", 0, at_ms(0));
  pace.note("job", 1'000, at_ms(1'000));
  EXPECT_LT(*pace.rows_per_ms("job", at_ms(100'000)), 0.02);
  pace.forget("job");
  EXPECT_FALSE(pace.rows_per_ms("job", at_ms(1'000)));
}

TEST(EstimateCompletion, CountsParkedRowsApart) {
  model::Job job;
  job.state = model::JobState::kProcessing;
  job.total_count = 1'000;
  job.processed_count = 800;
  Outlook outlook{.rows_per_ms = 0.1};
  EXPECT_EQ(estimate_completion(job, outlook, at_ms(0)), at_ms(2'000));
  outlook.parked_count = 100;
  outlook.parked_until = at_ms(360'000);
  EXPECT_EQ(estimate_completion(job, outlook, at_ms(0)), at_ms(360'000));
  outlook.parked_until = at_ms(10);
  EXPECT_EQ(estimate_completion(job, outlook, at_ms(0)), at_ms(1'000));
}

TEST(EstimateCompletion, IsSilentWhenNothingIsKnownOrTheJobStands) {
  model::Job job;
  job.state = model::JobState::kProcessing;
  job.total_count = 10;
  EXPECT_FALSE(estimate_completion(job, {}, at_ms(0)));
  job.state = model::JobState::kPaused;
  EXPECT_FALSE(estimate_completion(job, {.rows_per_ms = 1}, at_ms(0)));
}

}  // namespace
}  // namespace verihook::jobs
