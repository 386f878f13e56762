// What a download is asked for in its query: format, filters and switches, and the states of a job
// in which that can be given. One reading for downloads, pages and links.
#pragma once

#include <initializer_list>
#include <string_view>

#include "http/message.h"
#include "jobs/results.h"

namespace verihook::api {

// The parameters that read_export_request knows, and the token of a link, which is looked at
// before.
inline constexpr std::initializer_list<std::string_view> kExportQueries = {
    "format",  "status",      "reason", "domain", "text", "after_row",
    "partial", "unprocessed", "raw",    "bom",    "token"};

// kInvalidArgument that names the wrong parameter.
Result<jobs::ExportRequest> read_export_request(const http::Request& request);

// status, reason, domain and text.
Result<jobs::ResultFilter> read_result_filter(const http::Request& request);

// kConflict when the job's state forbids it: results so far only with `partial`, rows without a
// result only of a job that has ended.
Result<void> check_exportable(const model::Job& job, const jobs::ExportRequest& request,
                              bool partial);

}  // namespace verihook::api
