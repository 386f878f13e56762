#include "jobs/intake.h"

#include <algorithm>

#include <fmt/format.h>

#include "address/email_address.h"
#include "async/run_on.h"
#include "base/text.h"
#include "store/jobs.h"
#include "store/rejected_entries.h"
#include "store/removal.h"

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

std::string describe_emptiness(const model::Job& job,
                               const std::optional<model::RejectedEntry>& first) {
  if (!first) return "the list is empty: give at least one address";
  return fmt::format(
      "the list has no row that can be read: {} were rejected, the first is number {} ({})",
      job.rejected_count, first->number, first->reason);
}

}  // namespace

Intake::Intake(store::Database& database, asio::thread_pool* cpu_pool, const Clock& clock,
               std::string tenant_id, std::string job_id, IntakeLimits limits)
    : database_(database),
      cpu_pool_(cpu_pool),
      clock_(clock),
      limits_(std::move(limits)),
      seen_(limits_.seen) {
  job_.tenant_id = std::move(tenant_id);
  job_.id = std::move(job_id);
  job_.state = model::JobState::kParsing;
  job_.created_at = clock_.wall_now();
}

Result<void> Intake::add(InputRowView row) {
  if (row.number == 0) row.number = last_number_ + 1;
  last_number_ = row.number;
  TRY(is_new, seen_.insert(duplicate_key(row.email)));
  row.duplicate = !is_new;
  if (row.duplicate) {
    ++job_.summary.duplicates;
    if (!keep_duplicates_) return {};
    ++kept_duplicates_;
  }
  ++job_.total_count;
  gather(row);
  return {};
}

// Caller's columns may be long, so rows alone are no measure.
void Intake::gather(const InputRowView& row) {
  current_.add(row);
  const bool full =
      current_.count() >= limits_.chunk_rows || current_.bytes() >= limits_.chunk_bytes;
  if (full) full_chunks_.push_back(std::exchange(current_, {}));
}

void Intake::reject(RejectedEntry entry) {
  model::RejectedEntry kept{entry.number, entry.line, std::string(to_string(entry.reason)),
                            std::move(entry.excerpt)};
  if (!first_rejected_) first_rejected_ = kept;
  if (job_.rejected_count++ < limits_.rejected_kept_max) rejected_.push_back(std::move(kept));
}

Intake::Ready Intake::take_ready() {
  Ready ready;
  for (PackedRows& rows : std::exchange(full_chunks_, {})) {
    ready.chunks_.push_back({describe_chunk(job_, rows.count()), std::move(rows)});
    ++job_.chunk_count;
  }
  if (rejected_.size() >= kRejectedAtOnce) ready.rejected_ = std::exchange(rejected_, {});
  if (!job_stored_) ready.job_ = job_;
  return ready;
}

Task<Result<void>> Intake::store(Ready ready) {
  if (ready.empty()) co_return Result<void>{};
  std::vector<std::string> inputs;
  for (const auto& [chunk, rows] : ready.chunks_) {
    inputs.push_back(co_await run_on(cpu_pool_, [&rows] { return rows.compressed(); }));
  }
  CO_TRY_VOID(co_await database_.write([&](store::Connection& db) -> Result<void> {
    if (ready.job_) TRY_VOID(store::insert_job(db, *ready.job_));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      TRY_VOID(store::insert_chunk(db, ready.chunks_[i].chunk, inputs[i]));
    }
    return store::insert_rejected_entries(db, job_.tenant_id, job_.id, ready.rejected_);
  }));
  job_stored_ = true;
  co_return Result<void>{};
}

Task<Result<void>> Intake::store_ready() { co_return co_await store(take_ready()); }

Task<Result<void>> Intake::write_again(std::vector<bool> repeated, model::Duplicates wanted) {
  const std::int64_t chunk_count = std::exchange(job_.chunk_count, 0);
  const PackedRows not_stored = std::exchange(current_, {});
  std::size_t place = 0;
  const auto gather_again = [&](std::vector<InputRow> rows) {
    for (InputRow& row : rows) {
      if (!row.duplicate && !repeated.empty()) row.duplicate = repeated[place++];
      if (!row.duplicate || wanted == model::Duplicates::kMark) gather(view_of(row));
    }
  };
  // What is written again is never more than what was read.
  for (std::int64_t number = 0; number < chunk_count; ++number) {
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job_.tenant_id, job_.id, number, true);
    }));
    CO_TRY(rows, co_await run_on(cpu_pool_, [&] { return decode_rows(stored.input); }));
    CO_TRY_VOID(co_await database_.write([&](store::Connection& db) {
      return store::delete_chunks(db, job_.tenant_id, job_.id, number, number + 1);
    }));
    gather_again(std::move(rows));
    CO_TRY_VOID(co_await store_ready());
  }
  gather_again(not_stored.unpacked());
  co_return co_await store_ready();
}

Task<Result<void>> Intake::settle_duplicates(model::Duplicates wanted) {
  std::vector<bool> repeated;
  if (seen_.is_undecided()) {
    CO_TRY(resolved, co_await run_on(cpu_pool_, [&] { return seen_.resolve(); }));
    repeated = std::move(resolved);
  }
  const auto found = std::ranges::count(repeated, true);
  job_.summary.duplicates += found;
  kept_duplicates_ += found;
  const bool leaves_out = wanted == model::Duplicates::kRemove && kept_duplicates_ > 0;
  if (leaves_out) job_.total_count -= std::exchange(kept_duplicates_, 0);
  if (found == 0 && !leaves_out) co_return Result<void>{};
  co_return co_await write_again(std::move(repeated), wanted);
}

Task<Result<model::Job>> Intake::commit(BulkRequest request, AlsoStore also_store) {
  if (job_.total_count == 0) {
    co_return fail(Errc::kInvalidArgument, describe_emptiness(job_, first_rejected_));
  }
  CO_TRY_VOID(co_await store_ready());
  CO_TRY_VOID(co_await settle_duplicates(request.options.duplicates));
  model::Job job = job_;
  job.state = request.start ? model::JobState::kQueued : model::JobState::kPaused;
  job.name = std::move(request.name);
  job.options = request.options;
  job.metadata = std::move(request.metadata);
  if (job.options.deadline_s) {
    job.deadline_at = job.created_at + std::chrono::seconds{*job.options.deadline_s};
  }
  const model::Chunk last = describe_chunk(job, current_.count());
  const bool has_last = last.row_count > 0;
  const std::string input = co_await run_on(cpu_pool_, [&] { return current_.compressed(); });
  if (has_last) ++job.chunk_count;
  CO_TRY_VOID(co_await database_.write([&](store::Connection& db) -> Result<void> {
    if (!job_stored_) TRY_VOID(store::insert_job(db, job));
    if (has_last) TRY_VOID(store::insert_chunk(db, last, input));
    TRY_VOID(store::insert_rejected_entries(db, job.tenant_id, job.id, rejected_));
    if (job_stored_) TRY_VOID(store::update_job(db, job));
    return also_store(db, job);
  }));
  job_ = job;
  committed_ = true;
  co_return job;
}

Task<void> Intake::abandon() {
  if (!has_rest()) co_return;
  const auto deleted = co_await database_.write([&](store::Connection& db) -> Result<void> {
    return store::delete_job(db, job_.tenant_id, job_.id);
  });
  // When the store cannot do it now, the next start of the program does.
  if (deleted) job_stored_ = false;
}

}  // namespace verihook::jobs
