#include "api/bulk_handlers.h"
#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "jobs/intake.h"
#include "store/destinations.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

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
        intake.add({.email = std::move(email)});
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
                               body = created_json(stored, endpoint ? &*endpoint : nullptr);
                               return idempotency.remember(db, stored.created_at, 202, body);
                             });
  if (!job) co_return std::unexpected(job.error());
  context.engine.wake();
  co_return http::json_response(202, std::move(body));
}

Task<void> abandon(Context& context, jobs::Intake& intake) {
  co_await intake.abandon();
  context.housekeeping.wake();
}

Task<Result<http::Response>> receive_and_commit(Context& context, const Call& call,
                                                jobs::Intake& intake) {
  CO_TRY(received, co_await receive_list(context, call.request, intake));
  CO_TRY(idempotency, Idempotency::of(call, received.body_hash));
  CO_TRY(replayed, co_await idempotency.replay(context));
  if (replayed) {
    co_await abandon(context, intake);
    co_return std::move(*replayed);
  }
  auto answer = co_await commit_list(context, call, intake, std::move(received), idempotency);
  if (!answer && answer.error().code == Errc::kConflict && idempotency.present()) {
    // Another request with this key was committed between the look and the commit.
    CO_TRY(first, co_await idempotency.replay(context));
    co_await abandon(context, intake);
    if (first) co_return std::move(*first);
  }
  co_return answer;
}

}  // namespace

std::string created_json(const model::Job& job, const NewEndpoint* endpoint) {
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
  if (endpoint) append_endpoint(json, *endpoint);
  json.end_object();
  return text;
}

Answer create_bulk(Context& context, Call& call) {
  jobs::Intake intake(context.database, context.cpu_pool, context.clock(), call.caller.tenant_id,
                      context.ids.make(id_prefix::kJob));
  auto answer = co_await receive_and_commit(context, call, intake);
  if (!answer) co_await abandon(context, intake);
  co_return answer;
}

}  // namespace verihook::api
