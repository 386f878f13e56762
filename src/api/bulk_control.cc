#include "api/bulk_handlers.h"
#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "crypto/sha256.h"
#include "jobs/preview.h"
#include "jobs/retry.h"
#include "store/destinations.h"

namespace verihook::api {
namespace {

using Act = Task<Result<model::Job>> (jobs::Engine::*)(std::string tenant_id, std::string job_id);

// The job as the action leaves it.
Answer act(Context& context, Call& call, Act action) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(named, co_await find_named_job(context, call));
  CO_TRY(job, co_await (context.engine.*action)(named.tenant_id, named.id));
  CO_TRY(shown,
         co_await context.database.read([&](store::Connection& db) { return shown_job(db, job); }));
  co_return http::json_response(200, text_of(context, shown));
}

// The endpoints that were given with the list hear about its retry too.
Task<Result<std::vector<model::Destination>>> endpoints_for_retry(Context& context,
                                                                  const model::Job& job) {
  CO_TRY(all, co_await context.database.read([&](store::Connection& db) {
    return store::destinations_of_job(db, job.tenant_id, job.id);
  }));
  std::vector<model::Destination> copies;
  for (const model::Destination& destination : all) {
    CO_TRY(copy, copy_endpoint(context, destination));
    copies.push_back(std::move(copy));
  }
  co_return copies;
}

Answer create_retry(Context& context, model::Job job, const Idempotency& idempotency) {
  CO_TRY(endpoints, co_await endpoints_for_retry(context, job));
  std::string body;
  const auto also_store = [&](store::Connection& db, const model::Job& made) -> Result<void> {
    for (model::Destination& endpoint : endpoints) {
      endpoint.job_id = made.id;
      TRY_VOID(store::insert_destination(db, endpoint));
    }
    body = created_json(made);
    return idempotency.remember(db, made.created_at, 202, body);
  };
  const auto made =
      co_await jobs::retry_job(context.database, context.clock(), context.cpu_pool, std::move(job),
                               context.ids.make(id_prefix::kJob), also_store);
  if (!made) {
    context.housekeeping.wake();
    co_return std::unexpected(made.error());
  }
  context.engine.wake();
  co_return http::json_response(202, std::move(body));
}

}  // namespace

Answer pause_bulk(Context& context, Call& call) { return act(context, call, &jobs::Engine::pause); }

Answer resume_bulk(Context& context, Call& call) {
  return act(context, call, &jobs::Engine::resume);
}

Answer cancel_bulk(Context& context, Call& call) {
  return act(context, call, &jobs::Engine::cancel);
}

Answer retry_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY(idempotency, Idempotency::of(call, crypto::to_bytes(crypto::sha256(""))));
  co_return co_await idempotency.once(
      context, [&] { return create_retry(context, std::move(job), idempotency); });
}

Answer preview_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY(preview, co_await jobs::preview_job(context.database, context.verifier, context.cpu_pool,
                                             std::move(job)));
  co_return http::json_response(200, jobs::preview_json(preview));
}

}  // namespace verihook::api
