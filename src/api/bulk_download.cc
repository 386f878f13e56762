#include "api/bulk_handlers.h"
#include "api/export_query.h"
#include "jobs/results.h"

namespace verihook::api {

Answer download_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, kExportQueries));
  CO_TRY(wanted, read_export_request(call.request));
  CO_TRY(partial, read_switch(call.request, "partial"));
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY_VOID(check_exportable(job, wanted, partial));
  auto results = std::make_shared<jobs::ResultStream>(context.database, context.cpu_pool,
                                                      std::move(job), wanted);
  http::Response response;
  response.headers.set("Content-Type", std::string(jobs::content_type_of(wanted.format.container)));
  response.stream = [results]() -> Task<Result<std::string>> { return results->next(); };
  co_return response;
}

Answer list_results(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request,
                                   {"limit", "cursor", "status", "reason", "domain", "text"}));
  CO_TRY(limit, read_limit(call.request));
  CO_TRY(filter, read_result_filter(call.request));
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY(page, co_await jobs::find_result_page(context.database, context.cpu_pool, job, filter,
                                               read_query(call.request, "cursor"),
                                               static_cast<std::size_t>(limit)));
  co_return page_response(page.items, page.next_cursor);
}

}  // namespace verihook::api
