#include "api/operations_handlers.h"

#include "api/metrics.h"
#include "store/jobs.h"

namespace verihook::api {

Answer healthz(Context&, Call&) { co_return http::json_response(200, R"({"status":"ok"})"); }

Answer readyz(Context& context, Call&) {
  if (context.database.failed()) {
    co_return http::json_response(503, R"({"status":"store_failed"})");
  }
  CO_TRY_VOID(co_await context.database.read([](store::Connection& db) -> Result<int> {
    TRY_VOID(store::count_jobs(db));
    return 0;
  }));
  co_return http::json_response(200, R"({"status":"ready"})");
}

Answer metrics(Context& context, Call&) {
  CO_TRY(text, co_await metrics_text(context));
  http::Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = std::move(text);
  co_return response;
}

Answer webhook_metrics(Context& context, Call&) {
  CO_TRY(json, co_await context.receiver.webhook_metrics_json());
  co_return http::json_response(200, std::move(json));
}

Answer receive_webhook(Context& context, Call& call) {
  co_return co_await context.receiver.receive(call.request);
}

}  // namespace verihook::api
