#include "jobs/intake.h"

#include "address/email_address.h"
#include "async/run_on.h"
#include "base/text.h"
#include "store/jobs.h"

namespace verihook::jobs {
namespace {

// Two spellings of one mailbox are one row; what is no address at all is compared as it stands.
std::string duplicate_key(std::string_view email) {
  const auto parsed = address::parse(trim(email));
  return parsed ? to_lower(parsed->normalized) : std::string(trim(email));
}

model::Chunk describe_chunk(const model::Job& job, std::size_t row_count) {
  model::Chunk chunk;
  chunk.tenant_id = job.tenant_id;
  chunk.job_id = job.id;
  chunk.number = job.chunk_count;
  chunk.row_count = static_cast<std::int64_t>(row_count);
  return chunk;
}

}  // namespace

Intake::Intake(store::Database& database, asio::thread_pool* cpu_pool, const Clock& clock,
               std::string tenant_id, std::string job_id, IntakeLimits limits)
    : database_(database), cpu_pool_(cpu_pool), clock_(clock), limits_(limits) {
  job_.tenant_id = std::move(tenant_id);
  job_.id = std::move(job_id);
  job_.state = model::JobState::kParsing;
  job_.created_at = clock_.wall_now();
}

void Intake::add(InputRow row) {
  if (row.number == 0) row.number = last_number_ + 1;
  last_number_ = row.number;
  if (!seen_.insert(duplicate_key(row.email))) {
    ++job_.summary.duplicates;
    return;
  }
  ++job_.total_count;
  current_.push_back(std::move(row));
  if (current_.size() >= limits_.chunk_rows) full_chunks_.push_back(std::exchange(current_, {}));
}

Task<Result<void>> Intake::store_full_chunks() {
  for (Rows& rows : std::exchange(full_chunks_, {})) {
    CO_TRY_VOID(co_await store_chunk(std::move(rows)));
  }
  co_return Result<void>{};
}

Task<Result<void>> Intake::store_chunk(Rows rows) {
  const model::Chunk chunk = describe_chunk(job_, rows.size());
  const std::string input = co_await run_on(cpu_pool_, [&] { return encode_rows(rows); });
  CO_TRY_VOID(co_await database_.write([&](store::Connection& db) -> Result<void> {
    if (!job_stored_) TRY_VOID(store::insert_job(db, job_));
    return store::insert_chunk(db, chunk, input);
  }));
  job_stored_ = true;
  ++job_.chunk_count;
  co_return Result<void>{};
}

Task<Result<model::Job>> Intake::commit(BulkRequest request, AlsoStore also_store) {
  if (job_.total_count == 0) {
    co_return fail(Errc::kInvalidArgument, "the list is empty: give at least one address");
  }
  CO_TRY_VOID(co_await store_full_chunks());
  model::Job job = job_;
  job.state = request.start ? model::JobState::kQueued : model::JobState::kPaused;
  job.name = std::move(request.name);
  job.options = request.options;
  job.metadata = std::move(request.metadata);
  if (job.options.deadline_s) {
    job.deadline_at = job.created_at + std::chrono::seconds{*job.options.deadline_s};
  }
  const model::Chunk last = describe_chunk(job, current_.size());
  const std::string input = co_await run_on(cpu_pool_, [&] { return encode_rows(current_); });
  if (!current_.empty()) ++job.chunk_count;
  CO_TRY_VOID(co_await database_.write([&](store::Connection& db) -> Result<void> {
    if (!job_stored_) TRY_VOID(store::insert_job(db, job));
    if (!current_.empty()) TRY_VOID(store::insert_chunk(db, last, input));
    if (job_stored_) TRY_VOID(store::update_job(db, job));
    return also_store(db, job);
  }));
  job_ = job;
  job_stored_ = true;
  co_return job;
}

Task<void> Intake::abandon() {
  if (!job_stored_) co_return;
  const auto deleted = co_await database_.write([&](store::Connection& db) -> Result<void> {
    return store::delete_job(db, job_.tenant_id, job_.id);
  });
  // When the store cannot do it now, the next start of the program does.
  if (deleted) job_stored_ = false;
}

}  // namespace verihook::jobs
