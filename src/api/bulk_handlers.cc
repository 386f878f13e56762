#include "api/bulk_handlers.h"

#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "api/resource_json.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "jobs/intake.h"
#include "jobs/results.h"
#include "store/destinations.h"
#include "store/jobs.h"
#include "verification/result_json.h"
#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kVerifyTimeoutMsDefault = 60'000;

Task<Result<model::Job>> find_job(Context& context, const Call& call) {
  const std::string job_id(call.request.capture("job_id"));
  if (!is_id(job_id, id_prefix::kJob)) co_return not_found("job");
  auto job = co_await context.database.read(
      [&](store::Connection& db) { return store::find_job(db, call.caller.tenant_id, job_id); });
  if (!job && job.error().code == Errc::kNotFound) co_return not_found("job");
  co_return job;
}

// What the body of a create came to, before anything of it is made real.
struct Received {
  jobs::BulkRequest request;
  std::string body_hash;
};

Task<Result<Received>> receive_list(Context& context, http::Request& request,
                                    jobs::Intake& intake) {
  const auto type = request.headers.get("Content-Type").value_or("");
  if (!equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json")) {
    co_return fail(Errc::kUnsupported,
                   "send the list as Content-Type: application/json, {\"emails\":[…]}");
  }
  jobs::BulkRequestParser parser(
      [&](std::string email) -> Result<void> {
        intake.add(std::move(email));
        return {};
      },
      {.emails_max = context.options.emails_per_job_max});
  crypto::Sha256 hash;
  std::uint64_t received = 0;
  for (;;) {
    CO_TRY(piece, co_await request.body->read_some());
    if (piece.empty()) break;
    received += piece.size();
    if (received > context.options.upload_bytes_max) {
      co_return fail(Errc::kTooLarge, "the list is larger than " +
                                          std::to_string(context.options.upload_bytes_max) +
                                          " bytes; split it");
    }
    hash.update(piece);
    CO_TRY_VOID(parser.feed(piece));
    if (intake.has_full_chunk()) CO_TRY_VOID(co_await intake.store_full_chunks());
  }
  CO_TRY(bulk, parser.finish());
  co_return Received{std::move(bulk), crypto::to_bytes(hash.finish())};
}

std::string created_json(const model::Job& job, const std::optional<NewEndpoint>& endpoint) {
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  json.member("job_id", job.id);
  json.member("status", model::to_string(job.state));
  json.member("total", job.total_count);
  json.member("duplicates", job.summary.duplicates);
  json.key("metadata");
  json.raw(job.metadata);
  json.member("created_at", to_iso8601(job.created_at));
  if (endpoint) {
    json.member("webhook_id", endpoint->destination.id);
    if (endpoint->shown_secret) json.member("webhook_secret", *endpoint->shown_secret);
  }
  json.end_object();
  return text;
}

Task<Result<http::Response>> commit_list(Context& context, const Call& call, jobs::Intake& intake,
                                         Received received, const Idempotency& idempotency) {
  std::optional<NewEndpoint> endpoint;
  if (!received.request.webhook_url.empty()) {
    CO_TRY(made, make_endpoint(context, call.caller.tenant_id, received.request.webhook_url,
                               received.request.webhook_secret));
    endpoint = std::move(made);
  }
  std::string body;
  auto job =
      co_await intake.commit(std::move(received.request),
                             [&](store::Connection& db, const model::Job& stored) -> Result<void> {
                               if (endpoint) {
                                 endpoint->destination.job_id = stored.id;
                                 TRY_VOID(store::insert_destination(db, endpoint->destination));
                               }
                               body = created_json(stored, endpoint);
                               return idempotency.remember(db, stored.created_at, 202, body);
                             });
  if (!job) co_return std::unexpected(job.error());
  context.engine.wake();
  co_return http::json_response(202, std::move(body));
}

Task<Result<http::Response>> receive_and_commit(Context& context, const Call& call,
                                                jobs::Intake& intake) {
  CO_TRY(received, co_await receive_list(context, call.request, intake));
  CO_TRY(idempotency, Idempotency::of(call, received.body_hash));
  CO_TRY(replayed, co_await idempotency.replay(context));
  if (replayed) {
    co_await intake.abandon();
    co_return std::move(*replayed);
  }
  auto answer = co_await commit_list(context, call, intake, std::move(received), idempotency);
  if (!answer && answer.error().code == Errc::kConflict && idempotency.present()) {
    // Another request with this key was committed between the look and the commit.
    CO_TRY(first, co_await idempotency.replay(context));
    co_await intake.abandon();
    if (first) co_return std::move(*first);
  }
  co_return answer;
}

}  // namespace

Answer verify_one(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"trace"}));
  CO_TRY(traced, read_switch(call.request, "trace"));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(email, fields.string("email"));
  CO_TRY(smtp, fields.optional_bool("smtp"));
  CO_TRY(timeout_ms,
         fields.optional_integer("timeout_ms", 1, context.options.verify_timeout_ms_max.count()));
  if (const auto* metadata = fields.optional_value("metadata")) {
    CO_TRY_VOID(webhooks::canonical_metadata(*metadata));
  }
  CO_TRY_VOID(fields.refuse_others());
  model::JobOptions options;
  options.smtp = smtp.value_or(true);
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

Answer create_bulk(Context& context, Call& call) {
  jobs::Intake intake(context.database, context.clock(), call.caller.tenant_id,
                      context.ids.make(id_prefix::kJob));
  auto answer = co_await receive_and_commit(context, call, intake);
  if (!answer) co_await intake.abandon();
  co_return answer;
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

Answer get_bulk(Context& context, Call& call) {
  CO_TRY(job, co_await find_job(context, call));
  CO_TRY(parked, co_await context.database.read([&](store::Connection& db) {
    return store::find_parked_rows(db, job.tenant_id, job.id);
  }));
  co_return http::json_response(
      200, job_json(job, context.options.public_url, context.clock().wall_now(), parked));
}

Answer delete_bulk(Context& context, Call& call) {
  CO_TRY(job, co_await find_job(context, call));
  CO_TRY_VOID(co_await context.database.write(
      [&](store::Connection& db) { return store::delete_job(db, job.tenant_id, job.id); }));
  co_return no_content();
}

Answer download_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"format", "status", "partial"}));
  CO_TRY(job, co_await find_job(context, call));
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
