#include "store/jobs.h"

#include "store/codec.h"
#include "store/repository_fixture.h"

namespace verihook::store {
namespace {

using model::JobState;

class JobsTest : public RepositoryTest {
 protected:
  // A job of `chunks` chunks of ten rows each.
  model::Job add_job(const std::string& tenant, const std::string& id, std::int64_t chunks,
                     JobState state = JobState::kQueued) {
    auto job = make_job(tenant, id, state);
    job.chunk_count = chunks;
    job.total_count = chunks * 10;
    EXPECT_TRUE(insert_job(db(), job));
    for (std::int64_t i = 0; i < chunks; ++i) {
      EXPECT_TRUE(insert_chunk(db(), make_chunk(job, i, 10), "rows " + std::to_string(i)));
    }
    return job;
  }
  std::optional<LeasedChunk> lease(std::int64_t now) {
    auto leased = lease_chunk(db(), "node_1", at_s(now), at_s(now + 60));
    EXPECT_TRUE(leased) << leased.error().message;
    return *std::move(leased);
  }
  // "job/chunk" of the next lease.
  std::string next(std::int64_t now = 0) {
    const auto leased = lease(now);
    if (!leased) return "nothing";
    return leased->chunk.job_id + "/" + std::to_string(leased->chunk.number);
  }
  static Checkpoint checkpoint_of(const model::Chunk& chunk, std::int64_t rows) {
    Checkpoint point;
    point.tenant_id = chunk.tenant_id;
    point.job_id = chunk.job_id;
    point.chunk_number = chunk.number;
    point.fence = chunk.fence;
    point.row_count = rows;
    point.summary.total = rows;
    point.summary.valid = rows;
    point.lease_until = at_s(200);
    return point;
  }
};

void expect_same(const model::Job& found, const model::Job& wanted) {
  EXPECT_EQ(found.tenant_id, wanted.tenant_id);
  EXPECT_EQ(found.id, wanted.id);
  EXPECT_EQ(found.state, wanted.state);
  EXPECT_EQ(found.name, wanted.name);
  EXPECT_EQ(found.options.smtp, wanted.options.smtp);
  EXPECT_EQ(found.options.syntax, wanted.options.syntax);
  EXPECT_EQ(found.options.disposable_as, wanted.options.disposable_as);
  EXPECT_EQ(found.options.role_as, wanted.options.role_as);
  EXPECT_EQ(found.options.catch_all_as, wanted.options.catch_all_as);
  EXPECT_EQ(found.options.greylist, wanted.options.greylist);
  EXPECT_EQ(found.options.cache, wanted.options.cache);
  EXPECT_EQ(found.options.deadline_s, wanted.options.deadline_s);
  EXPECT_EQ(found.options.retention_days, wanted.options.retention_days);
  EXPECT_EQ(found.metadata, wanted.metadata);
  EXPECT_EQ(found.total_count, wanted.total_count);
  EXPECT_EQ(found.processed_count, wanted.processed_count);
  EXPECT_EQ(found.chunk_count, wanted.chunk_count);
  EXPECT_EQ(found.summary, wanted.summary);
  EXPECT_EQ(found.error_code, wanted.error_code);
  EXPECT_EQ(found.error_message, wanted.error_message);
  EXPECT_EQ(found.created_at, wanted.created_at);
  EXPECT_EQ(found.started_at, wanted.started_at);
  EXPECT_EQ(found.finished_at, wanted.finished_at);
  EXPECT_EQ(found.progress_event_at, wanted.progress_event_at);
  EXPECT_EQ(found.progress_event_count, wanted.progress_event_count);
}

model::Job full_job() {
  auto job = make_job("a", "job_1", JobState::kFailed);
  job.options.deadline_s = std::nullopt;
  job.processed_count = 500;
  job.chunk_count = 7;
  job.summary = full_summary(20);
  job.error_code = "EGRESS_BLOCKED";
  job.error_message = "port 25 is closed";
  job.started_at = at_s(2);
  job.finished_at = at_s(3);
  job.progress_event_at = at_s(4);
  job.progress_event_count = 400;
  return job;
}

TEST(JobOptionsCodec, ReadsWhatAVersionWithoutSyntaxPoliciesStored) {
  const auto options = decode_job_options(
      R"({"smtp":true,"disposable_as":"risky","role_as":"flag","catch_all_as":"risky",)"
      R"("greylist":"wait","cache":true})");
  EXPECT_EQ(options.syntax, model::Syntax::kStandard);
}

TEST_F(JobsTest, AJobReadsBackWithEveryField) {
  ASSERT_TRUE(insert_job(db(), full_job()));
  EXPECT_EQ(code_of(insert_job(db(), full_job())), Errc::kConflict);
  expect_same(*find_job(db(), "a", "job_1"), full_job());
}

TEST_F(JobsTest, AnUpdateWritesEveryMutableField) {
  ASSERT_TRUE(insert_job(db(), make_job("a", "job_1", JobState::kQueued)));
  auto job = full_job();
  job.name = "other";
  job.metadata = "{}";
  ASSERT_TRUE(update_job(db(), job));
  expect_same(*find_job(db(), "a", "job_1"), job);
}

TEST_F(JobsTest, CountsNeverGoBackwards) {
  ASSERT_TRUE(insert_job(db(), full_job()));
  auto stale = full_job();
  stale.state = JobState::kPaused;
  stale.processed_count = 499;
  stale.summary = full_summary(1);
  ASSERT_TRUE(update_job(db(), stale));
  const auto found = find_job(db(), "a", "job_1");
  EXPECT_EQ(found->state, JobState::kPaused);
  EXPECT_EQ(found->processed_count, 500);
  EXPECT_EQ(found->summary, full_summary(20));
}

TEST_F(JobsTest, AnotherTenantsJobDoesNotExist) {
  const auto job = add_job("a", "job_1", 1);
  EXPECT_EQ(code_of(find_job(db(), "b", "job_1")), Errc::kNotFound);
  EXPECT_TRUE(list_jobs(db(), "b", "", 10)->empty());
  EXPECT_EQ(code_of(delete_job(db(), "b", "job_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(find_chunk_results(db(), "b", "job_1", 0, true)), Errc::kNotFound);
  EXPECT_EQ(count_open_chunks(db(), "b", "job_1"), 0);
  auto foreign = job;
  foreign.tenant_id = "b";
  EXPECT_EQ(code_of(update_job(db(), foreign)), Errc::kNotFound);
  auto point = checkpoint_of(lease(0)->chunk, 1);
  point.tenant_id = "b";
  EXPECT_EQ(code_of(checkpoint_chunk(db(), point)), Errc::kConflict);
}

TEST_F(JobsTest, ListsGoNewestFirst) {
  for (const char* id : {"job_1", "job_2", "job_3"}) add_job("a", id, 0);
  const auto first = list_jobs(db(), "a", "", 2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ(first->front().id, "job_3");
  EXPECT_EQ(list_jobs(db(), "a", "job_2", 2)->front().id, "job_1");
}

TEST_F(JobsTest, ThoseWithARetentionOfTheirOwnAreFoundAmongTheOthers) {
  auto job = add_job("a", "job_1", 0);
  add_job("a", "job_2", 0);
  EXPECT_EQ(list_jobs_with_retention(db(), "a", "", 9)->size(), 2u);
  EXPECT_EQ(list_jobs_with_retention(db(), "a", "job_2", 9)->front().id, "job_1");
  EXPECT_TRUE(list_jobs_with_retention(db(), "b", "", 9)->empty());
  job.options.retention_days.reset();
  ASSERT_TRUE(update_job(db(), job));
  const auto found = list_jobs_with_retention(db(), "a", "", 9);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, "job_2");
}

TEST_F(JobsTest, UnfinishedIntakesAreDeletedAndOthersKept) {
  add_job("a", "job_1", 2, JobState::kParsing);
  add_job("b", "job_2", 1, JobState::kParsing);
  add_job("a", "job_3", 1);
  EXPECT_EQ(next(), "job_3/0");
  EXPECT_EQ(delete_unfinished_intakes(db()), 2);
  EXPECT_EQ(code_of(find_job(db(), "a", "job_1")), Errc::kNotFound);
  EXPECT_EQ(code_of(find_job(db(), "b", "job_2")), Errc::kNotFound);
  EXPECT_TRUE(find_job(db(), "a", "job_3"));
}

TEST_F(JobsTest, ALeaseBringsEverythingAndStartsTheJob) {
  add_job("a", "job_1", 2);
  const auto leased = lease(5);
  ASSERT_TRUE(leased);
  EXPECT_EQ(leased->chunk.number, 0);
  EXPECT_EQ(leased->chunk.state, model::ChunkState::kLeased);
  EXPECT_EQ(leased->chunk.row_count, 10);
  EXPECT_EQ(leased->chunk.lease_owner, "node_1");
  EXPECT_EQ(leased->chunk.lease_until, at_s(65));
  EXPECT_EQ(leased->chunk.fence, 1);
  EXPECT_EQ(leased->chunk.leases, 1);
  EXPECT_EQ(leased->input, "rows 0");
  EXPECT_TRUE(leased->segments.empty());
  EXPECT_EQ(leased->job.state, JobState::kProcessing);
  EXPECT_EQ(leased->job.started_at, at_s(5));
  lease(6);
  EXPECT_EQ(find_job(db(), "a", "job_1")->started_at, at_s(5));
  EXPECT_EQ(next(7), "nothing");
}

TEST_F(JobsTest, JobsThatDoNotRunGiveNoChunks) {
  for (const auto state : {JobState::kPaused, JobState::kFailed, JobState::kCancelled,
                           JobState::kCompleted, JobState::kParsing}) {
    add_job("a", "job_" + std::string(to_string(state)), 1, state);
  }
  EXPECT_EQ(next(), "nothing");
}

TEST_F(JobsTest, LeasesAreFairBetweenTenantsThenJobsThenByAge) {
  add_job("a", "job_a1", 5);
  add_job("a", "job_a2", 5);
  add_job("b", "job_b1", 2);
  std::string order;
  for (int i = 0; i < 7; ++i) order += next() + " ";
  EXPECT_EQ(order, "job_a1/0 job_b1/0 job_a2/0 job_b1/1 job_a1/1 job_a2/1 job_a1/2 ");
}

TEST_F(JobsTest, ASingleWorkerServesTenantsInTurn) {
  add_job("a", "job_a1", 9);
  add_job("b", "job_b1", 9);
  add_job("c", "job_c1", 9);
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const auto leased = lease(0);
    ASSERT_TRUE(leased);
    order += leased->chunk.tenant_id;
    auto point = checkpoint_of(leased->chunk, 10);
    point.done = true;
    ASSERT_TRUE(checkpoint_chunk(db(), point));
  }
  EXPECT_EQ(order, "abcabc");
}

TEST_F(JobsTest, ALapsedLeaseIsGivenAgainWithWhatWasCheckpointed) {
  add_job("a", "job_1", 1);
  const auto first = lease(0);
  auto point = checkpoint_of(first->chunk, 3);
  point.lease_until = at_s(30);
  point.segment = "one";
  ASSERT_TRUE(checkpoint_chunk(db(), point));
  point.segment = "two";
  ASSERT_TRUE(checkpoint_chunk(db(), point));
  EXPECT_EQ(next(29), "nothing");
  const auto second = lease(30);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->chunk.fence, first->chunk.fence + 1);
  EXPECT_EQ(second->chunk.leases, 2);
  EXPECT_EQ(second->chunk.processed_count, 6);
  EXPECT_EQ(second->chunk.summary.valid, 6);
  EXPECT_EQ(second->segments, (std::vector<std::string>{"one", "two"}));
  // The first worker comes back too late, and nothing of it is counted.
  EXPECT_EQ(code_of(checkpoint_chunk(db(), point)), Errc::kConflict);
  EXPECT_EQ(code_of(release_chunk(db(), first->chunk)), Errc::kConflict);
  EXPECT_EQ(find_job(db(), "a", "job_1")->processed_count, 6);
}

TEST_F(JobsTest, CheckpointsAddUpInChunkAndJobAndEndWithOneResult) {
  add_job("a", "job_1", 2);
  const auto leased = lease(0);
  auto point = checkpoint_of(leased->chunk, 4);
  point.summary = full_summary(30);
  point.segment = std::string("\0segment", 8);
  auto job = checkpoint_chunk(db(), point);
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_EQ(job->processed_count, 4);
  EXPECT_EQ(job->summary, full_summary(30));
  auto results = find_chunk_results(db(), "a", "job_1", 0, true);
  EXPECT_EQ(results->chunk.lease_until, at_s(200));
  EXPECT_EQ(results->chunk.summary, full_summary(30));
  EXPECT_EQ(results->segments, std::vector<std::string>{point.segment});
  EXPECT_EQ(results->input, "rows 0");

  point.segment.clear();
  point.row_count = 6;
  point.done = true;
  point.result = "everything";
  job = checkpoint_chunk(db(), point);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->processed_count, 10);
  auto doubled = full_summary(30);
  doubled += full_summary(30);
  EXPECT_EQ(job->summary, doubled);
  results = find_chunk_results(db(), "a", "job_1", 0, false);
  EXPECT_EQ(results->chunk.state, model::ChunkState::kDone);
  EXPECT_EQ(results->chunk.processed_count, 10);
  EXPECT_EQ(results->chunk.lease_owner, "");
  EXPECT_EQ(results->result, "everything");
  EXPECT_TRUE(results->segments.empty());
  EXPECT_EQ(results->input, "");
  EXPECT_EQ(count_open_chunks(db(), "a", "job_1"), 1);
  EXPECT_EQ(code_of(checkpoint_chunk(db(), point)), Errc::kConflict);
}

TEST_F(JobsTest, MoreResultsThanRowsAreRefused) {
  add_job("a", "job_1", 1);
  const auto leased = lease(0);
  EXPECT_EQ(code_of(checkpoint_chunk(db(), checkpoint_of(leased->chunk, 11))),
            Errc::kInvalidArgument);
  EXPECT_EQ(find_job(db(), "a", "job_1")->processed_count, 0);
}

TEST_F(JobsTest, AReleasedChunkIsOpenAgainAndCountsNoLease) {
  add_job("a", "job_1", 1);
  const auto leased = lease(0);
  ASSERT_TRUE(release_chunk(db(), leased->chunk));
  const auto again = lease(0);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->chunk.fence, 2);
  EXPECT_EQ(again->chunk.leases, 1);
}

TEST_F(JobsTest, ANodeThatStartsAgainGivesBackWhatItsFormerRunHeldAndNothingElse) {
  add_job("a", "job_1", 2);
  const auto ours = lease(0);
  ASSERT_TRUE(lease_chunk(db(), "node_2", at_s(0), at_s(60)));
  EXPECT_EQ(release_chunks_of_node(db(), "node_1"), 1);
  EXPECT_EQ(code_of(checkpoint_chunk(db(), checkpoint_of(ours->chunk, 1))), Errc::kConflict);
  EXPECT_EQ(next(), "job_1/0");
  EXPECT_EQ(next(), "nothing");
}

TEST_F(JobsTest, ARewrittenChunkIsTakenFromItsWorkerWithoutFault) {
  add_job("a", "job_1", 1);
  auto point = checkpoint_of(lease(0)->chunk, 3);
  point.segment = "one";
  ASSERT_TRUE(checkpoint_chunk(db(), point));
  const auto read = find_chunk_results(db(), "a", "job_1", 0, true);
  const ChunkContent content{.input = "new rows", .segments = {"new one"}, .result = ""};
  ASSERT_TRUE(rewrite_chunk(db(), read->chunk, content));
  EXPECT_EQ(code_of(rewrite_chunk(db(), read->chunk, content)), Errc::kConflict);
  EXPECT_EQ(code_of(checkpoint_chunk(db(), point)), Errc::kConflict);
  const auto again = lease(1);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->input, "new rows");
  EXPECT_EQ(again->segments, std::vector<std::string>{"new one"});
  EXPECT_EQ(again->chunk.processed_count, 3);
  EXPECT_EQ(again->chunk.leases, 1);
}

TEST_F(JobsTest, ARewrittenChunkThatIsDoneStaysDone) {
  add_job("a", "job_1", 1);
  auto point = checkpoint_of(lease(0)->chunk, 10);
  point.done = true;
  point.result = "results";
  ASSERT_TRUE(checkpoint_chunk(db(), point));
  const auto read = find_chunk_results(db(), "a", "job_1", 0, true);
  const auto version = find_content_version(db(), "a", "job_1");
  EXPECT_EQ(find_content_version(db(), "a", "job_1"), version);
  ASSERT_TRUE(rewrite_chunk(db(), read->chunk,
                            {.input = "new rows", .segments = {}, .result = "new results"}));
  EXPECT_GT(find_content_version(db(), "a", "job_1").value(), version.value());
  const auto found = find_chunk_results(db(), "a", "job_1", 0, true);
  EXPECT_EQ(found->chunk.state, model::ChunkState::kDone);
  EXPECT_EQ(found->result, "new results");
  EXPECT_EQ(found->input, "new rows");
  EXPECT_EQ(next(9), "nothing");
}

TEST_F(JobsTest, ADeletedJobsCheckpointIsRefused) {
  add_job("a", "job_1", 1);
  const auto leased = lease(0);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(code_of(checkpoint_chunk(db(), checkpoint_of(leased->chunk, 1))), Errc::kNotFound);
}

TEST_F(JobsTest, AListThatArrivesAfterItsJobWasDeletedIsRefused) {
  const auto job = add_job("a", "job_1", 1, JobState::kParsing);
  ASSERT_TRUE(delete_job(db(), "a", "job_1"));
  EXPECT_EQ(code_of(insert_chunk(db(), make_chunk(job, 1, 10), "rows")), Errc::kNotFound);
}

TEST_F(JobsTest, CountsByState) {
  int number = 0;
  for (const auto state :
       {JobState::kQueued, JobState::kQueued, JobState::kProcessing, JobState::kPaused,
        JobState::kCompleted, JobState::kFailed, JobState::kCancelled, JobState::kParsing}) {
    add_job("a", "job_" + std::to_string(number++), 0, state);
  }
  const auto counts = count_jobs(db());
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->queued, 2);
  EXPECT_EQ(counts->processing, 1);
  EXPECT_EQ(counts->paused, 1);
  EXPECT_EQ(counts->completed, 1);
  EXPECT_EQ(counts->failed, 1);
  EXPECT_EQ(counts->cancelled, 1);
}

TEST_F(JobsTest, LeasingUsesTheIndexesOfWhatIsActive) {
  const auto plan = plan_of(
      "SELECT j.id, (SELECT MIN(c.number) FROM chunks c WHERE c.tenant_id = j.tenant_id"
      " AND c.job_id = j.id AND c.state = 'open'), (SELECT MIN(c.number) FROM chunks c"
      " WHERE c.tenant_id = j.tenant_id AND c.job_id = j.id AND c.state = 'leased'"
      " AND c.lease_until <= $2) FROM jobs j WHERE j.tenant_id = $1"
      " AND j.state IN ('queued', 'processing') ORDER BY j.id",
      2);
  EXPECT_NE(plan.find("jobs_active"), std::string::npos) << plan;
  EXPECT_NE(plan.find("chunks_open"), std::string::npos) << plan;
  EXPECT_NE(plan.find("chunks_leased"), std::string::npos) << plan;
  const auto held = plan_of(
      "SELECT tenant_id, job_id, COUNT(*) FROM chunks WHERE state = 'leased'"
      " AND lease_until > $1 GROUP BY tenant_id, job_id",
      1);
  EXPECT_NE(held.find("chunks_leased"), std::string::npos) << held;
  EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
}

TEST_F(JobsTest, GivesOnlyFirstChunksOfJobsWhenAskedFor) {
  add_job("a", "job_1", 3);
  add_job("a", "job_2", 1);
  EXPECT_EQ(next(), "job_1/0");
  const LeaseRules first_only{.first_of_job_only = true};
  const auto second = lease_chunk(db(), "node_1", at_s(0), at_s(60), first_only);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->chunk.job_id, "job_2");
  const auto third = lease_chunk(db(), "node_1", at_s(0), at_s(60), first_only);
  ASSERT_TRUE(third);
  EXPECT_FALSE(*third);
  EXPECT_EQ(next(), "job_1/1");
}

TEST_F(JobsTest, GivesATenantNoMoreChunksThanItsShare) {
  add_job("a", "job_1", 3);
  const LeaseRules one_each{.chunks_per_tenant_max = 1};
  ASSERT_TRUE(*lease_chunk(db(), "node_1", at_s(0), at_s(60), one_each));
  EXPECT_FALSE(*lease_chunk(db(), "node_1", at_s(0), at_s(60), one_each));
  add_job("b", "job_2", 1);
  const auto other = lease_chunk(db(), "node_1", at_s(0), at_s(60), one_each);
  ASSERT_TRUE(other && *other);
  EXPECT_EQ((*other)->chunk.tenant_id, "b");
}

TEST_F(JobsTest, GivesChunksOfUrgentJobsFirst) {
  for (const auto& [id, priority] : {std::pair{"job_1", model::Priority::kLow},
                                     {"job_2", model::Priority::kNormal},
                                     {"job_3", model::Priority::kHigh}}) {
    auto job = add_job("a", id, 2);
    job.options.priority = priority;
    ASSERT_TRUE(update_job(db(), job));
  }
  std::string order;
  for (int i = 0; i < 6; ++i) order += next() + " ";
  EXPECT_EQ(order, "job_3/0 job_3/1 job_2/0 job_2/1 job_1/0 job_1/1 ");
}

TEST_F(JobsTest, KnowsWhichJobsAreOverdue) {
  auto job = add_job("a", "job_1", 1, JobState::kPaused);
  job.deadline_at = at_s(50);
  ASSERT_TRUE(update_job(db(), job));
  add_job("a", "job_2", 1);
  EXPECT_EQ(next_deadline(db()), at_s(50));
  EXPECT_TRUE(find_overdue_jobs(db(), at_s(49), 10)->empty());
  const auto overdue = find_overdue_jobs(db(), at_s(50), 10);
  ASSERT_TRUE(overdue);
  ASSERT_EQ(overdue->size(), 1u);
  EXPECT_EQ(overdue->front().id, "job_1");
  EXPECT_EQ(overdue->front().deadline_at, at_s(50));
  job.state = JobState::kFailed;
  ASSERT_TRUE(update_job(db(), job));
  EXPECT_EQ(next_deadline(db()), std::nullopt);
}

TEST_F(JobsTest, ACheckpointSaysHowManyLeasesEndedWithoutProgress) {
  add_job("a", "job_1", 1);
  const auto leased = lease(0);
  Checkpoint point = checkpoint_of(leased->chunk, 3);
  point.leases = 5;
  ASSERT_TRUE(checkpoint_chunk(db(), point));
  EXPECT_EQ(find_chunk_results(db(), "a", "job_1", 0, false)->chunk.leases, 5);
}

}  // namespace
}  // namespace verihook::store
