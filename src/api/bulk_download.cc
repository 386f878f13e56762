#include "api/bulk_handlers.h"
#include "jobs/results.h"

namespace verihook::api {

Answer download_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"format", "status", "partial"}));
  CO_TRY(job, co_await find_named_job(context, call));
  const std::string format = read_query(call.request, "format");
  if (!format.empty() && format != "json" && format != "ndjson") {
    co_return fail(Errc::kInvalidArgument, "format must be json or ndjson");
  }
  std::optional<model::Status> only;
  if (const std::string status = read_query(call.request, "status"); !status.empty()) {
    only = model::parse_status(status);
    if (!only) {
      co_return fail(Errc::kInvalidArgument, "status must be valid, invalid, risky or unknown");
    }
  }
  CO_TRY(partial, read_switch(call.request, "partial"));
  if (!partial && job.state != model::JobState::kCompleted) {
    co_return fail(Errc::kConflict, "the job is " + std::string(model::to_string(job.state)) +
                                        "; add ?partial=true for the results so far");
  }
  const bool lines = format == "ndjson";
  auto results = std::make_shared<jobs::ResultStream>(
      context.database, context.cpu_pool, std::move(job),
      lines ? jobs::ResultFormat::kNdjson : jobs::ResultFormat::kJson, only);
  http::Response response;
  response.headers.set("Content-Type", lines ? "application/x-ndjson" : "application/json");
  response.stream = [results]() -> Task<Result<std::string>> { return results->next(); };
  co_return response;
}

}  // namespace verihook::api
