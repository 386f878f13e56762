#include <fmt/format.h>

#include "api/bulk_handlers.h"
#include "api/export_query.h"
#include "http/byte_range.h"
#include "http/gzip.h"
#include "jobs/results.h"

namespace verihook::api {
namespace {

// The file's name for a browser: the job's id and the format's.
std::string disposition(const model::Job& job, const jobs::ExportFormat& format) {
  return "attachment; filename=\"" + job.id + "." +
         std::string(jobs::extension_of(format.container)) + "\"";
}

std::string etag_of(std::string_view tag) { return fmt::format("\"{}\"", tag); }

// The whole of it, of which nobody knows the length before.
void answer_compressed(const Context& context, const http::Request& request, const std::string& tag,
                       http::BodySource stream, http::Response& response) {
  const std::string etag = etag_of(tag + "-gzip");
  if (!tag.empty()) response.headers.set("ETag", etag);
  if (!tag.empty() && http::has_already(request.headers, etag)) {
    response.status = 304;
    return;
  }
  response.headers.set("Content-Encoding", "gzip");
  response.stream = http::gzipped(std::move(stream), context.cpu_pool);
}

// Of a document that will not change, the part that is asked for, or its length.
Task<Result<void>> answer_unchanging(const http::Request& request, const std::string& etag,
                                     jobs::ResultStream& results, http::Response& response) {
  response.headers.set("ETag", etag);
  response.headers.set("Accept-Ranges", "bytes");
  if (http::has_already(request.headers, etag)) {
    response.status = 304;
    co_return Result<void>{};
  }
  const bool part = http::asks_for_range(request.headers, etag);
  // Nothing else is worth rendering it twice for.
  if (part || request.method == http::Method::kHead) CO_TRY_VOID(co_await results.measure());
  const auto size = results.known_size();
  if (!size) co_return Result<void>{};
  std::uint64_t length = *size;
  http::ByteRange range;
  const http::Wanted wanted =
      part ? http::parse_range(request.headers.get("Range").value_or(""), *size, range)
           : http::Wanted::kWhole;
  if (wanted == http::Wanted::kNotSatisfiable) {
    response = http::error_response(416, "range_not_satisfiable", "the results have no such bytes",
                                    request.id);
    response.headers.set("Content-Range", fmt::format("bytes */{}", *size));
    co_return Result<void>{};
  }
  if (wanted == http::Wanted::kRange) {
    results.limit(range.first, range.last);
    length = range.last - range.first + 1;
    response.status = 206;
    response.headers.set("Content-Range",
                         fmt::format("bytes {}-{}/{}", range.first, range.last, *size));
  }
  response.headers.set("Content-Length", std::to_string(length));
  co_return Result<void>{};
}

}  // namespace

Answer download_bulk(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, kExportQueries));
  CO_TRY(wanted, read_export_request(call.request));
  CO_TRY(partial, read_switch(call.request, "partial"));
  CO_TRY(job, co_await find_named_job(context, call));
  CO_TRY_VOID(check_exportable(job, wanted, partial));
  CO_TRY(tag, co_await jobs::find_document_tag(context.database, job, wanted));
  http::Response response;
  response.headers.set("Content-Type", std::string(jobs::content_type_of(wanted.format.container)));
  response.headers.set("Content-Disposition", disposition(job, wanted.format));
  response.headers.set("Vary", "Accept-Encoding");
  const auto results = std::make_shared<jobs::ResultStream>(
      context.database, context.cpu_pool, std::move(job), wanted, context.download_memory, tag);
  http::BodySource stream = [results]() -> Task<Result<std::string>> { return results->next(); };
  // A range is of the document as it is.
  if (!call.request.headers.get("Range") && http::accepts_gzip(call.request.headers)) {
    answer_compressed(context, call.request, tag, std::move(stream), response);
    co_return response;
  }
  if (!tag.empty()) {
    CO_TRY_VOID(co_await answer_unchanging(call.request, etag_of(tag), *results, response));
  }
  if (response.status < 300) response.stream = std::move(stream);
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
