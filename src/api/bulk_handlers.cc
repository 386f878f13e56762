#include "api/bulk_handlers.h"

#include <limits>

#include "api/resource_json.h"
#include "base/text.h"
#include "store/rejected_entries.h"

namespace verihook::api {

Result<std::string> named_job_id(const Call& call) {
  std::string job_id(call.request.capture("job_id"));
  if (!is_id(job_id, id_prefix::kJob)) return not_found("job");
  return job_id;
}

Task<Result<model::Job>> find_named_job(Context& context, const Call& call) {
  CO_TRY(job_id, named_job_id(call));
  co_return co_await context.database.read(
      [&](store::Connection& db) { return store::find_job(db, call.caller.tenant_id, job_id); });
}

Result<ShownJob> shown_job(store::Connection& db, model::Job job) {
  store::ParkedRows parked;
  if (!model::is_final(job.state)) {
    TRY(found, store::find_parked_rows(db, job.tenant_id, job.id));
    parked = found;
  }
  return ShownJob{.job = std::move(job), .parked = parked};
}

std::string text_of(Context& context, const ShownJob& shown) {
  return job_json(shown.job, context.options.links, context.clock().wall_now(),
                  context.engine.outlook(shown.job, shown.parked));
}

Answer list_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  using Page = std::vector<ShownJob>;
  CO_TRY(page, co_await context.database.read([&](store::Connection& db) -> Result<Page> {
    TRY(jobs, store::list_jobs(db, call.caller.tenant_id, cursor, limit + 1));
    Page shown;
    for (model::Job& job : jobs) {
      TRY(one, shown_job(db, std::move(job)));
      shown.push_back(std::move(one));
    }
    return shown;
  }));
  co_return page_of(
      std::move(page), limit, [&](const ShownJob& shown) { return text_of(context, shown); },
      [](const ShownJob& shown) { return shown.job.id; });
}

Answer list_rejected(Context& context, Call& call) {
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  const auto after = cursor.empty() ? std::optional<std::uint64_t>(0) : parse_u64(cursor);
  if (!after || *after > std::numeric_limits<std::int64_t>::max()) {
    co_return fail(Errc::kInvalidArgument, "cursor is not one of this list");
  }
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY(entries, co_await context.database.read([&](store::Connection& db) {
    return store::list_rejected_entries(db, job.tenant_id, job.id,
                                        static_cast<std::int64_t>(*after), limit + 1);
  }));
  co_return page_of(std::move(entries), limit, rejected_json,
                    [](const model::RejectedEntry& entry) { return std::to_string(entry.number); });
}

Answer delete_bulk(Context& context, Call& call) {
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY_VOID(co_await context.engine.remove(job.tenant_id, job.id));
  context.housekeeping.wake();
  co_return no_content();
}

}  // namespace verihook::api
