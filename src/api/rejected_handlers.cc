#include "api/rejected_handlers.h"

#include <algorithm>

#include "api/source_handlers.h"
#include "base/text.h"
#include "crypto/encoding.h"
#include "gateway/outcome.h"
#include "store/rejected_requests.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

using webhooks::JsonWriter;

constexpr std::int64_t kAdmittedAtOnce = 500;
constexpr std::size_t kTokenBytesMax = 64;

void append_common(JsonWriter& json, const model::RejectedRequest& request) {
  json.member("rejected_id", request.id);
  json.member("outcome", request.outcome);
  json.member("cause", request.cause);
  json.member("diagnosis", request.diagnosis);
  json.member("peer", request.peer);
  json.member("body_bytes", request.body_bytes);
  json.member("received_at", to_iso8601(request.received_at));
}

std::string listed_json(const model::RejectedRequest& request) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_common(json, request);
  json.end_object();
  return text;
}

// A body that is no text is told in base64.
std::string whole_json(const model::RejectedRequest& request) {
  const bool is_text = is_valid_utf8(request.body);
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_common(json, request);
  json.member("is_whole", request.is_whole());
  json.key("headers");
  json.raw(request.headers);
  json.member("body", is_text ? std::optional(request.body) : std::nullopt);
  json.member("body_base64",
              is_text ? std::nullopt : std::optional(crypto::base64_encode(request.body)));
  json.end_object();
  return text;
}

Result<void> check_filter(const store::RejectedRequestFilter& filter) {
  const bool is_outcome =
      filter.outcome.empty() || std::ranges::any_of(gateway::kOutcomes, [&](const auto& row) {
        return row.is_rejection && row.name == filter.outcome;
      });
  if (!is_outcome) {
    return fail(Errc::kInvalidArgument,
                "outcome must be missing_signature, invalid_signature, invalid_json, "
                "invalid_timestamp or unknown_tenant");
  }
  if (filter.cause.size() > kTokenBytesMax) {
    return fail(Errc::kInvalidArgument, "cause must be 64 bytes long at most");
  }
  return {};
}

// The request that the path names.
Task<Result<model::RejectedRequest>> find(Context& context, const Call& call,
                                          const model::Source& source) {
  const std::string id(call.request.capture("rejected_id"));
  if (!is_id(id, id_prefix::kRequest)) co_return not_found("rejected request");
  co_return co_await context.database.read([&](store::Connection& db) {
    return store::find_rejected_request(db, source.tenant_id, source.id, id);
  });
}

std::string admission_json(const gateway::Admission& admission) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("event_id", admission.event_id);
  json.member("duplicate", admission.outcome == gateway::Outcome::kDuplicate);
  json.end_object();
  return text;
}

bool is_in(const gateway::Admission& admission) {
  return !gateway::row_of(admission.outcome).is_rejection;
}

struct Tally {
  std::int64_t admitted = 0;
  std::int64_t duplicates = 0;
  std::int64_t refused = 0;
};

// One that cannot be admitted, or has just been by somebody else, is no reason to stop.
Task<Result<void>> admit_one(Context& context, const model::Source& source, std::string id,
                             Tally& tally) {
  auto request = co_await context.database.read([&](store::Connection& db) {
    return store::find_rejected_request(db, source.tenant_id, source.id, id);
  });
  if (!request && request.error().code == Errc::kNotFound) co_return Result<void>{};
  if (!request) co_return std::unexpected(request.error());
  const auto admission = co_await context.receiver.admit(source, std::move(*request));
  if (!admission) {
    if (admission.error().code == Errc::kNotFound) co_return Result<void>{};
    if (admission.error().code != Errc::kConflict) co_return std::unexpected(admission.error());
    ++tally.refused;
    co_return Result<void>{};
  }
  ++(!is_in(*admission)                                   ? tally.refused
     : admission->outcome == gateway::Outcome::kDuplicate ? tally.duplicates
                                                          : tally.admitted);
  co_return Result<void>{};
}

Result<store::RejectedRequestFilter> read_filter(Fields& fields) {
  store::RejectedRequestFilter filter;
  TRY(which, fields.optional_object("filter"));
  if (which) {
    TRY(outcome, which->optional_string("outcome"));
    TRY(cause, which->optional_string("cause"));
    filter.outcome = outcome.value_or("");
    filter.cause = cause.value_or("");
    TRY_VOID(which->refuse_others());
  }
  TRY(cursor, fields.optional_string("cursor"));
  filter.after_id = cursor.value_or("");
  TRY_VOID(fields.refuse_others());
  TRY_VOID(check_filter(filter));
  filter.oldest_first = true;
  filter.limit = kAdmittedAtOnce + 1;
  return filter;
}

}  // namespace

Answer list_rejected_requests(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor", "outcome", "cause"}));
  CO_TRY(limit, read_limit(call.request));
  store::RejectedRequestFilter filter;
  filter.outcome = read_query(call.request, "outcome");
  filter.cause = read_query(call.request, "cause");
  filter.before_id = read_query(call.request, "cursor");
  filter.limit = limit + 1;
  CO_TRY_VOID(check_filter(filter));
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(requests, co_await context.database.read([&](store::Connection& db) {
    return store::list_rejected_requests(db, source.tenant_id, source.id, filter);
  }));
  co_return page_of(std::move(requests), limit, listed_json, &model::RejectedRequest::id);
}

Answer get_rejected_request(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(request, co_await find(context, call, source));
  co_return http::json_response(200, whole_json(request));
}

Answer admit_rejected_request(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(request, co_await find(context, call, source));
  CO_TRY(admission, co_await context.receiver.admit(std::move(source), std::move(request)));
  if (is_in(admission)) co_return http::json_response(200, admission_json(admission));
  co_return http::error_response(422, "still_refused",
                                 "it is still refused (" +
                                     std::string(gateway::to_string(admission.outcome)) +
                                     "): " + admission.diagnosis.sentence,
                                 call.request.id);
}

Answer admit_rejected_requests(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(filter, read_filter(fields));
  CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
    return store::list_rejected_requests(db, source.tenant_id, source.id, filter);
  }));
  const bool more = std::ssize(found) > kAdmittedAtOnce;
  if (more) found.pop_back();
  Tally tally;
  for (const model::RejectedRequest& one : found) {
    CO_TRY_VOID(co_await admit_one(context, source, one.id, tally));
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.member("admitted", tally.admitted);
  json.member("duplicates", tally.duplicates);
  json.member("refused", tally.refused);
  json.member("next_cursor", more ? std::optional(found.back().id) : std::nullopt);
  json.end_object();
  co_return http::json_response(200, std::move(body));
}

}  // namespace verihook::api
