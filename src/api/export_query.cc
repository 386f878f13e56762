#include "api/export_query.h"

#include "address/idn.h"
#include "api/call.h"
#include "base/text.h"

namespace verihook::api {

Result<jobs::ResultFilter> read_result_filter(const http::Request& request) {
  jobs::ResultFilter filter;
  TRY(statuses, jobs::parse_statuses(read_query(request, "status")));
  filter.statuses = statuses;
  TRY(reasons, jobs::parse_reasons(read_query(request, "reason")));
  filter.reasons = reasons;
  if (const std::string domain = read_query(request, "domain"); !domain.empty()) {
    const auto ascii = address::to_ascii_domain(domain);
    if (!ascii) return fail(Errc::kInvalidArgument, "domain must be the name of a domain");
    filter.domain = *ascii;
  }
  filter.text = to_lower(read_query(request, "text"));
  return filter;
}

Result<jobs::ExportRequest> read_export_request(const http::Request& request) {
  jobs::ExportRequest wanted;
  if (const std::string format = read_query(request, "format"); !format.empty()) {
    const auto known = jobs::parse_export_format(format);
    if (!known) {
      return fail(Errc::kInvalidArgument,
                  "format must be json, ndjson, csv, zerobounce, kickbox or reacher; the last "
                  "three may end in .ndjson or .csv");
    }
    wanted.format = *known;
  }
  TRY(filter, read_result_filter(request));
  wanted.filter = std::move(filter);
  if (const std::string after = read_query(request, "after_row"); !after.empty()) {
    const auto row = parse_u64(after);
    if (!row || *row > INT64_MAX) {
      return fail(Errc::kInvalidArgument, "after_row must be the number of a row");
    }
    wanted.filter.after_row = static_cast<std::int64_t>(*row);
  }
  TRY(unprocessed, read_switch(request, "unprocessed"));
  TRY(raw, read_switch(request, "raw"));
  TRY(bom, read_switch(request, "bom"));
  if ((raw || bom) && wanted.format.container != jobs::Container::kCsv) {
    return fail(Errc::kInvalidArgument, "raw and bom are for format=csv");
  }
  wanted.unprocessed = unprocessed;
  wanted.format.raw = raw;
  wanted.format.bom = bom;
  return wanted;
}

Result<void> check_exportable(const model::Job& job, const jobs::ExportRequest& request,
                              bool partial) {
  const std::string state(model::to_string(job.state));
  if (!partial && job.state != model::JobState::kCompleted) {
    return fail(Errc::kConflict,
                "the job is " + state + "; add ?partial=true for the results so far");
  }
  if (request.unprocessed && !model::is_final(job.state)) {
    return fail(Errc::kConflict, "the job is " + state +
                                     "; unprocessed=true is for jobs that have ended, because "
                                     "until then its rows may still be verified");
  }
  return {};
}

}  // namespace verihook::api
