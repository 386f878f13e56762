#include "app/own_job_results.h"

#include "async/run_on.h"
#include "jobs/stored_chunk.h"
#include "store/jobs.h"

namespace verihook::app {
namespace {

Result<void> append_chunk(const store::ChunkResults& stored, destinations::ResultFile& into) {
  Result<void> appended;
  TRY_VOID(jobs::for_each_result(stored, [&](const jobs::StoredResult& row) {
    const model::Verdict& verdict = row.verdict;
    const bool valid = verdict.status == model::Status::kValid;
    const std::string reason(valid ? std::string_view() : model::to_string(verdict.reason));
    appended = into.append({verdict.email, valid, reason});
    return appended.has_value();
  }));
  return appended;
}

}  // namespace

Task<Result<void>> OwnJobResults::append(std::string tenant_id, std::string job_id,
                                         destinations::ResultFile& into) {
  CO_TRY(job, co_await database_.read(
                  [&](store::Connection& db) { return store::find_job(db, tenant_id, job_id); }));
  for (std::int64_t number = 0; number < job.chunk_count; ++number) {
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, tenant_id, job_id, number, false);
    }));
    CO_TRY_VOID(co_await run_on(cpu_pool_, [&] { return append_chunk(stored, into); }));
  }
  co_return Result<void>{};
}

}  // namespace verihook::app
