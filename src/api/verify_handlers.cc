#include "api/verify_handlers.h"

#include "api/endpoint_fields.h"
#include "api/idempotency.h"
#include "api/resource_json.h"
#include "crypto/sha256.h"
#include "store/destinations.h"
#include "store/verifications.h"
#include "verification/result_json.h"
#include "webhooks/canonical_json.h"
#include "webhooks/json_writer.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kVerifyTimeoutMsDefault = 60'000;

// Everything but the members that only a later answer has.
Result<model::Verification> read_verification(const Context& context, const Call& call,
                                              Fields& fields) {
  model::Verification verification;
  verification.tenant_id = call.caller.tenant_id;
  TRY(email, fields.string("email"));
  verification.email = std::move(email);
  TRY(smtp, fields.optional_bool("smtp"));
  verification.options.smtp = smtp.value_or(true);
  TRY(syntax_name, fields.optional_string("syntax"));
  const auto syntax = model::parse_syntax(syntax_name.value_or("standard"));
  if (!syntax) {
    return fail(Errc::kInvalidArgument, "syntax must be \"standard\", \"strict\" or \"web_form\"");
  }
  verification.options.syntax = *syntax;
  TRY(timeout_ms,
      fields.optional_integer("timeout_ms", 1, context.options.verify_timeout_ms_max.count()));
  verification.timeout_ms = timeout_ms.value_or(kVerifyTimeoutMsDefault);
  if (const auto* metadata = fields.optional_value("metadata")) {
    TRY(canonical, webhooks::canonical_metadata(*metadata));
    verification.metadata = std::move(canonical);
  }
  return verification;
}

std::string created_json(const model::Verification& verification, const NewEndpoint* endpoint) {
  std::string text;
  webhooks::JsonWriter json(text);
  json.begin_object();
  json.member("verification_id", verification.id);
  json.member("status", "queued");
  json.key("metadata");
  json.raw(verification.metadata);
  json.member("created_at", to_iso8601(verification.created_at));
  if (endpoint) append_endpoint(json, *endpoint);
  json.end_object();
  return text;
}

Task<Result<std::optional<NewEndpoint>>> read_endpoint(Context& context, const Call& call,
                                                       Fields& fields) {
  CO_TRY(url, fields.optional_string("webhook_url", 2'048));
  CO_TRY(secret, fields.optional_string("webhook_secret", 512));
  if (!url) {
    if (!secret) co_return std::optional<NewEndpoint>();
    co_return fail(Errc::kInvalidArgument, "webhook_secret goes with a webhook_url");
  }
  CO_TRY(endpoint, make_endpoint(context, call.caller.tenant_id, *url, secret.value_or("")));
  endpoint.destination.events = {std::string(model::event_type::kVerificationCompleted)};
  co_return std::optional<NewEndpoint>(std::move(endpoint));
}

// Stored before the answer; the result follows as an event.
Answer store_for_later(Context& context, model::Verification verification,
                       std::optional<NewEndpoint> endpoint, const Idempotency& idempotency) {
  verification.id = context.ids.make(id_prefix::kVerification);
  verification.created_at = verification.claimable_at = context.clock().wall_now();
  if (endpoint) endpoint->destination.job_id = verification.id;
  std::string body = created_json(verification, endpoint ? &*endpoint : nullptr);
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_verification(db, verification));
    if (endpoint) TRY_VOID(store::insert_destination(db, endpoint->destination));
    return idempotency.remember(db, verification.created_at, 202, body);
  }));
  context.singles.wake();
  co_return http::json_response(202, std::move(body));
}

Answer verify_now(Context& context, model::Verification verification, bool traced) {
  verification.options.greylist = model::Greylist::kSkip;
  const auto deadline = Deadline::after(context.clock(), Milliseconds{verification.timeout_ms});
  verification::Trace trace;
  const model::Verdict verdict = co_await context.verifier.verify(
      std::move(verification.email), verification.options, deadline, traced ? &trace : nullptr);
  std::string json;
  verification::append_result(json, verdict, {}, traced ? &trace : nullptr);
  co_return http::json_response(200, std::move(json));
}

}  // namespace

Answer verify_one(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"trace"}));
  CO_TRY(traced, read_switch(call.request, "trace"));
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  CO_TRY(verification, read_verification(context, call, body.fields));
  CO_TRY(later, body.fields.optional_bool("async"));
  if (!later.value_or(false)) {
    CO_TRY_VOID(body.fields.refuse_others());
    co_return co_await verify_now(context, std::move(verification), traced);
  }
  if (traced) {
    co_return fail(Errc::kInvalidArgument, "trace goes with an answer at once; leave out async");
  }
  CO_TRY(endpoint, co_await read_endpoint(context, call, body.fields));
  CO_TRY_VOID(body.fields.refuse_others());
  CO_TRY(idempotency, Idempotency::of(call, crypto::to_bytes(crypto::sha256(body.bytes))));
  co_return co_await idempotency.once(context, [&] {
    return store_for_later(context, std::move(verification), std::move(endpoint), idempotency);
  });
}

Answer get_verification(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  const std::string id(call.request.capture("verification_id"));
  if (!is_id(id, id_prefix::kVerification)) co_return not_found("verification");
  CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
    return store::find_verification(db, call.caller.tenant_id, id);
  }));
  co_return http::json_response(200, verification_json(found));
}

}  // namespace verihook::api
