#include "api/operations_handlers.h"

#include <fmt/format.h>

#include "api/metrics.h"
#include "store/jobs.h"

namespace verihook::api {
namespace {

// Without scripts or styles: the Content-Security-Policy of every answer forbids them.
constexpr std::string_view kFrontPage = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>verihook</title>
<h1>verihook {0}</h1>
<p>This server is running. Its API wants a key: <code>Authorization: Bearer vh_live_…</code>.</p>
<dl>
<dt><a href="/openapi.json">/openapi.json</a></dt><dd>every route, described</dd>
<dt><a href="/metrics">/metrics</a></dt><dd>counters for Prometheus</dd>
<dt><a href="/metrics/webhooks">/metrics/webhooks</a></dt><dd>received webhooks, counted</dd>
<dt><a href="/healthz">/healthz</a></dt><dd>is it alive</dd>
<dt><a href="/readyz">/readyz</a></dt><dd>can it take work</dd>
</dl>
</html>
)";

}  // namespace

Answer front_page(Context& context, Call&) {
  http::Response response;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.body = fmt::format(kFrontPage, context.options.version);
  co_return response;
}

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
