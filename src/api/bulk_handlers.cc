#include "api/bulk_handlers.h"

#include "api/resource_json.h"
#include "store/jobs.h"
#include "verification/result_json.h"
#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kVerifyTimeoutMsDefault = 60'000;

}  // namespace

Result<std::string> named_job_id(const Call& call) {
  std::string job_id(call.request.capture("job_id"));
  if (!is_id(job_id, id_prefix::kJob)) return not_found("job");
  return job_id;
}

Task<Result<model::Job>> find_named_job(Context& context, const Call& call) {
  CO_TRY(job_id, named_job_id(call));
  auto job = co_await context.database.read(
      [&](store::Connection& db) { return store::find_job(db, call.caller.tenant_id, job_id); });
  if (!job && job.error().code == Errc::kNotFound) co_return not_found("job");
  co_return job;
}

Answer verify_one(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"trace"}));
  CO_TRY(traced, read_switch(call.request, "trace"));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(email, fields.string("email"));
  CO_TRY(smtp, fields.optional_bool("smtp"));
  CO_TRY(syntax_name, fields.optional_string("syntax"));
  CO_TRY(timeout_ms,
         fields.optional_integer("timeout_ms", 1, context.options.verify_timeout_ms_max.count()));
  if (const auto* metadata = fields.optional_value("metadata")) {
    CO_TRY_VOID(webhooks::canonical_metadata(*metadata));
  }
  CO_TRY_VOID(fields.refuse_others());
  const auto syntax = model::parse_syntax(syntax_name.value_or("standard"));
  if (!syntax) {
    co_return fail(Errc::kInvalidArgument,
                   "syntax must be \"standard\", \"strict\" or \"web_form\"");
  }
  model::JobOptions options;
  options.smtp = smtp.value_or(true);
  options.syntax = *syntax;
  options.greylist = model::Greylist::kSkip;
  const auto deadline =
      Deadline::after(context.clock(), Milliseconds{timeout_ms.value_or(kVerifyTimeoutMsDefault)});
  verification::Trace trace;
  const model::Verdict verdict = co_await context.verifier.verify(
      std::string(email), options, deadline, traced ? &trace : nullptr);
  std::string json;
  verification::append_result(json, verdict, {}, traced ? &trace : nullptr);
  co_return http::json_response(200, std::move(json));
}

Answer list_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(jobs, co_await context.database.read([&](store::Connection& db) {
    return store::list_jobs(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  const WallTime now = context.clock().wall_now();
  co_return page_of(
      std::move(jobs), limit,
      [&](const model::Job& job) { return job_json(job, context.options.public_url, now); },
      &model::Job::id);
}

Answer delete_bulk(Context& context, Call& call) {
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY_VOID(co_await context.engine.remove(job.tenant_id, job.id));
  context.housekeeping.wake();
  co_return no_content();
}

}  // namespace verihook::api
