#include "jobs/intake.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "jobs/intake_test_support.h"

namespace verihook::jobs {
namespace {

TEST_F(IntakeTest, KeepsTheNumbersIdsAndColumnsOfItsRows) {
  Intake intake(database_, nullptr, clock_, "a", "job_1", {.chunk_rows = 2});
  ASSERT_TRUE(intake.add({.number = 7, .email = "a@x.test", .id = "one", .data = R"({"b":"c"})"}));
  ASSERT_TRUE(intake.add({.email = "b@x.test"}));
  ASSERT_TRUE(intake.add({.number = 12, .email = "A@X.test"}));
  ASSERT_TRUE(intake.add({.number = 13, .email = "c@x.test"}));
  const auto job = commit(intake);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->state, model::JobState::kQueued);
  EXPECT_EQ(job->total_count, 3);
  EXPECT_EQ(job->summary.duplicates, 1);
  const std::vector<InputRow> expected = {
      {7, "a@x.test", "one", R"({"b":"c"})"}, {8, "b@x.test", "", ""}, {13, "c@x.test", "", ""}};
  EXPECT_EQ(rows_of(*job), expected);
}

TEST_F(IntakeTest, LeavesAJobThatIsNotToStartPaused) {
  Intake intake(database_, nullptr, clock_, "a", "job_1");
  ASSERT_TRUE(intake.add({.email = "a@x.test"}));
  BulkRequest request;
  request.start = false;
  const auto job = commit(intake, request);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->state, model::JobState::kPaused);
}

TEST_F(IntakeTest, SaysWhatWasRejectedWhenNothingElseIsThere) {
  Intake intake(database_, nullptr, clock_, "a", "job_1");
  intake.reject({.number = 3, .reason = Rejection::kNotUtf8, .excerpt = "caf?"});
  intake.reject({.number = 4, .reason = Rejection::kNoAddress});
  const auto job = commit(intake);
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().message,
              ::testing::HasSubstr("2 were rejected, the first is number 3 (not_utf8)"));
}

TEST_F(IntakeTest, EndsAChunkThatGrowsLongBeforeItHasAllItsRows) {
  Intake intake(database_, nullptr, clock_, "a", "job_1", {.chunk_bytes = 4'000});
  for (int i = 0; i < 10; ++i) {
    const std::string data = R"({"note":")" + std::string(1'500, 'x') + R"("})";
    ASSERT_TRUE(intake.add({.email = fmt::format("u{}@x.test", i), .data = data}));
  }
  const auto job = commit(intake);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->chunk_count, 4);
  EXPECT_EQ(rows_of(*job).size(), 10);
}

TEST_F(IntakeTest, AbandonsWhatWasStoredAndNeverWhatWasCommitted) {
  Intake left(database_, nullptr, clock_, "a", "job_1", {.chunk_rows = 1});
  ASSERT_TRUE(left.add({.email = "a@x.test"}));
  ASSERT_TRUE(store_ready(left));
  EXPECT_TRUE(left.has_rest());
  EXPECT_FALSE(leaves_rest(left));
  EXPECT_FALSE(is_there("job_1"));

  Intake made(database_, nullptr, clock_, "a", "job_2", {.chunk_rows = 1});
  ASSERT_TRUE(made.add({.email = "a@x.test"}));
  ASSERT_TRUE(store_ready(made));
  ASSERT_TRUE(commit(made));
  EXPECT_FALSE(made.has_rest());
  EXPECT_FALSE(leaves_rest(made));
  EXPECT_TRUE(is_there("job_2"));
}

// Each address twice or more, some of them far apart.
std::vector<std::string> addresses_with_repetitions() {
  std::vector<std::string> emails;
  for (int i = 0; i < 100; ++i) emails.push_back(std::to_string(i * 7 % 43) + "@x.test");
  return emails;
}

TEST_F(IntakeTest, KeepsTheFirstOfEachAddressAlsoWhenThatIsDecidedAtTheEnd) {
  std::vector<InputRow> expected;
  for (const std::size_t in_memory : {1'000'000, 0, 1, 50}) {
    Intake intake(database_, nullptr, clock_, "a", "job_" + std::to_string(in_memory),
                  {.chunk_rows = 8, .seen = {.entries_in_memory_max = in_memory}});
    for (const std::string& email : addresses_with_repetitions()) {
      ASSERT_TRUE(intake.add({.email = email}));
      if (intake.has_ready()) ASSERT_TRUE(store_ready(intake));
    }
    const auto job = commit(intake);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->total_count, 43);
    EXPECT_EQ(job->summary.duplicates, 57);
    EXPECT_EQ(job->chunk_count, 6);
    if (expected.empty()) expected = rows_of(*job);
    EXPECT_EQ(rows_of(*job), expected) << in_memory;
  }
}

TEST_F(IntakeTest, MarksDuplicatesOrLeavesThemOutThoughItIsToldOnlyAtTheEnd) {
  const std::vector<std::string> emails = addresses_with_repetitions();
  for (const std::size_t in_memory : {1'000'000, 0, 1, 50}) {
    for (const auto wanted : {model::Duplicates::kMark, model::Duplicates::kRemove}) {
      const bool marks = wanted == model::Duplicates::kMark;
      Intake intake(database_, nullptr, clock_, "a", fmt::format("job_{}_{}", marks, in_memory),
                    {.chunk_rows = 8, .seen = {.entries_in_memory_max = in_memory}});
      intake.keep_duplicates(true);
      for (const std::string& email : emails) {
        ASSERT_TRUE(intake.add({.email = email}));
        if (intake.has_ready()) ASSERT_TRUE(store_ready(intake));
      }
      EXPECT_EQ(intake.row_count(), 100);
      BulkRequest request;
      request.options.duplicates = wanted;
      const auto job = commit(intake, request);
      ASSERT_TRUE(job) << job.error().message;
      EXPECT_EQ(job->total_count, marks ? 100 : 43);
      EXPECT_EQ(job->summary.duplicates, 57);
      EXPECT_EQ(job->chunk_count, marks ? 13 : 6);
      std::set<std::string> seen;
      std::vector<InputRow> expected;
      for (std::int64_t i = 0; i < 100; ++i) {
        const std::string& email = emails[static_cast<std::size_t>(i)];
        const bool repeated = !seen.insert(email).second;
        if (marks || !repeated) {
          expected.push_back({.number = i + 1, .email = email, .duplicate = repeated});
        }
      }
      EXPECT_EQ(rows_of(*job), expected) << in_memory;
    }
  }
}

TEST_F(IntakeTest, TellsWhenThereIsNoRoomToKnowDuplicatesBy) {
  Intake intake(database_, nullptr, clock_, "a", "job_1",
                {.seen = {.entries_in_memory_max = 0, .spill_folder = "/nonexistent"}});
  EXPECT_EQ(intake.add({.email = "a@x.test"}).error().code, Errc::kStorageFailed);
}

TEST_F(IntakeTest, KeepsTheFirstRejectedEntriesAndCountsAll) {
  Intake intake(database_, nullptr, clock_, "a", "job_1", {.rejected_kept_max = 1'500});
  ASSERT_TRUE(intake.add({.email = "a@x.test"}));
  for (int i = 1; i <= 2'500; ++i) {
    intake.reject({.number = i, .line = i + 1, .reason = Rejection::kTooLong, .excerpt = "x"});
    if (intake.has_ready()) ASSERT_TRUE(store_ready(intake));
  }
  const auto job = commit(intake);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->rejected_count, 2'500);
  const auto kept = rejected_of(*job, 1'490);
  ASSERT_EQ(kept.size(), 10u);
  EXPECT_EQ(kept.front().number, 1'491);
  EXPECT_EQ(kept.front().line, 1'492);
  EXPECT_EQ(kept.front().reason, "too_long");
}

TEST_F(IntakeTest, RefusesAListWithoutRows) {
  Intake intake(database_, nullptr, clock_, "a", "job_1");
  EXPECT_EQ(commit(intake).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace verihook::jobs
