#include "jobs/retry.h"

#include <unordered_map>

#include <boost/json/object.hpp>

#include "async/and_finally.h"
#include "async/run_on.h"
#include "jobs/erased_rows.h"
#include "jobs/life_cycle.h"
#include "jobs/result_record.h"
#include "webhooks/canonical_json.h"
#include "webhooks/strict_json.h"

namespace verihook::jobs {
namespace {

// How many.
Task<Result<std::size_t>> add_rows(store::Database& database, asio::thread_pool* cpu_pool,
                                   const model::Job& job, Intake& intake) {
  std::size_t added = 0;
  for (std::int64_t number = 0; number < job.chunk_count; ++number) {
    CO_TRY(stored, co_await database.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job.tenant_id, job.id, number, true);
    }));
    CO_TRY(rows, co_await run_on(cpu_pool, [&] {
             return rows_to_retry(stored, Retried::kUnprocessedOrUnknown);
           }));
    added += rows.size();
    for (const InputRow& row : rows) CO_TRY_VOID(intake.add(view_of(row)));
    if (intake.has_ready()) CO_TRY_VOID(co_await intake.store_ready());
  }
  co_return added;
}

}  // namespace

Result<std::vector<InputRow>> rows_to_retry(const store::ChunkResults& stored, Retried retried) {
  // A chunk that is done has no open rows; those of a long job need not be decoded to see that.
  if (retried == Retried::kUnprocessed && !stored.result.empty()) return std::vector<InputRow>();
  TRY(rows, decode_rows(stored.input));
  std::vector<ResultLine> lines;
  if (!stored.result.empty()) TRY_VOID(decode_results(stored.result, lines));
  for (const std::string& segment : stored.segments) TRY_VOID(decode_results(segment, lines));
  std::unordered_map<std::int64_t, bool> unknown;
  for (const ResultLine& line : lines) {
    TRY(status, status_of_record(line.record));
    unknown[line.number] = status == model::Status::kUnknown;
  }
  std::erase_if(rows, [&](const InputRow& row) {
    if (is_erased(row)) return true;
    const auto answered = unknown.find(row.number);
    if (answered == unknown.end()) return false;
    return retried == Retried::kUnprocessed || !answered->second;
  });
  return rows;
}

Result<std::string> retry_metadata(std::string_view metadata, std::string_view retry_of) {
  TRY(value, webhooks::parse_strict_json(metadata));
  boost::json::object object = value.is_object() ? value.get_object() : boost::json::object();
  object["retry_of"] = boost::json::string_view(retry_of.data(), retry_of.size());
  return webhooks::canonical_metadata(object);
}

namespace {

Task<Result<model::Job>> retry_into(store::Database& database, asio::thread_pool* cpu_pool,
                                    const model::Job& job, Intake& intake,
                                    Intake::AlsoStore also_store) {
  BulkRequest request;
  request.name = job.name;
  request.options = job.options;
  request.options.deadline_s.reset();
  CO_TRY(metadata, retry_metadata(job.metadata, job.id));
  request.metadata = std::move(metadata);
  intake.keep_duplicates(request.options.duplicates == model::Duplicates::kMark);
  CO_TRY(added, co_await add_rows(database, cpu_pool, job, intake));
  if (added == 0) {
    co_return fail(Errc::kConflict, "every address of the job has its answer: nothing to retry");
  }
  co_return co_await intake.commit(std::move(request), std::move(also_store));
}

}  // namespace

Task<Result<model::Job>> retry_job(store::Database& database, const Clock& clock,
                                   asio::thread_pool* cpu_pool, model::Job job, std::string new_id,
                                   Intake::AlsoStore also_store) {
  CO_TRY_VOID(state_after(job, JobAction::kRetry));
  Intake intake(database, cpu_pool, clock, job.tenant_id, std::move(new_id));
  co_return co_await and_finally(retry_into(database, cpu_pool, job, intake, std::move(also_store)),
                                 intake.abandon());
}

}  // namespace verihook::jobs
