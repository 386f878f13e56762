#include "api/source_handlers.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "api/idempotency.h"
#include "api/resource_json.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "destinations/provider_settings.h"
#include "gateway/source_settings.h"
#include "net/ip.h"
#include "store/destinations.h"
#include "webhooks/verify.h"

namespace verihook::api {
namespace {

constexpr std::int64_t kToleranceSecondsMax = 7 * 24 * 3600;
constexpr std::int64_t kBodyBytesMax = 64 * 1024 * 1024;

bool is_source_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
  });
}

Task<Result<model::Source>> find(Context& context, const Call& call) {
  const std::string id(call.request.capture("source_id"));
  if (!is_id(id, id_prefix::kSource)) co_return not_found("source");
  co_return co_await context.database.read(
      [&](store::Connection& db) { return store::find_source(db, call.caller.tenant_id, id); });
}

Result<void> read_verifier(const Context& context, Fields& fields, model::Source& source) {
  const auto* json = fields.optional_value("verifier");
  if (json == nullptr) return {};
  TRY(verifier, webhooks::parse_verifier(*json));
  source.verifier = boost::json::serialize(webhooks::to_json(verifier));
  source.secrets.clear();
  for (const std::string& secret : verifier.secrets) {
    TRY(sealed, context.secrets.seal(secret, source.tenant_id + "|" + source.id));
    source.secrets.push_back({std::move(sealed), std::nullopt});
  }
  return {};
}

Result<void> read_mode(Fields& fields, model::Source& source) {
  TRY(mode, fields.optional_string("mode", 20));
  if (!mode) return {};
  if (*mode != "enforce" && *mode != "shadow") {
    return fail(Errc::kInvalidArgument, "mode must be enforce or shadow");
  }
  source.mode = *mode == "shadow" ? model::SourceMode::kShadow : model::SourceMode::kEnforce;
  return {};
}

Result<void> read_source_settings(const Context& context, Fields& fields, model::Source& source) {
  TRY(settings, fields.optional_object("settings"));
  if (!settings) return {};
  TRY_VOID(gateway::parse_source_settings(settings->object(), source.tenant_id));
  TRY(sealed,
      destinations::seal_provider_settings(settings->object(), source.settings, context.secrets,
                                           source.tenant_id + "|" + source.id));
  source.settings = std::move(sealed);
  return {};
}

// The members that creation and PATCH have in common; what is absent stays as it is.
Result<void> read_changes(const Context& context, Fields& fields, model::Source& source) {
  TRY_VOID(read_verifier(context, fields, source));
  TRY_VOID(read_mode(fields, source));
  TRY(allowlist, fields.optional_strings("ip_allowlist", 1'000));
  if (allowlist) {
    for (const std::string& range : *allowlist) {
      if (!net::Cidr::parse(range)) {
        return fail(Errc::kInvalidArgument,
                    "ip_allowlist: \"" + range + "\" is not a range like 203.0.113.0/24");
      }
    }
    source.ip_allowlist = *allowlist;
  }
  TRY(tolerance, fields.optional_integer("timestamp_tolerance_s", 1, kToleranceSecondsMax));
  if (tolerance) source.timestamp_tolerance_s = *tolerance;
  TRY(bytes_max, fields.optional_integer("body_bytes_max", 1, kBodyBytesMax));
  if (bytes_max) source.body_bytes_max = *bytes_max;
  TRY(dedup_key, fields.optional_string("dedup_key", 200));
  if (dedup_key) source.dedup_key = *dedup_key;
  TRY_VOID(read_source_settings(context, fields, source));
  return fields.refuse_others();
}

Answer store_new(Context& context, const model::Source& source, const Idempotency& idempotency) {
  std::string body = source_json(source);
  const auto stored = co_await context.database.write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::insert_source(db, source));
    return idempotency.remember(db, source.created_at, 201, body);
  });
  if (!stored && stored.error().code == Errc::kConflict) {
    co_return fail(Errc::kConflict, "a source with this name exists already");
  }
  if (!stored) co_return std::unexpected(stored.error());
  context.receiver.sources().forget(source.name);
  co_return http::json_response(201, std::move(body));
}

}  // namespace

Answer create_source(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  CO_TRY(name, body.fields.string("name", 100));
  if (!is_source_name(name)) {
    co_return fail(Errc::kInvalidArgument,
                   "name must be 1 to 100 letters, digits, hyphens, underscores or full stops: it "
                   "is the last part of the door's path");
  }
  if (!body.fields.has("verifier")) {
    co_return fail(Errc::kInvalidArgument,
                   "verifier is missing: say how requests are checked, for example "
                   "{\"kind\":\"hmac\",\"secrets\":[\"…\"]}");
  }
  model::Source source;
  source.tenant_id = call.caller.tenant_id;
  source.id = context.ids.make(id_prefix::kSource);
  source.name = name;
  source.created_at = source.updated_at = context.clock().wall_now();
  CO_TRY_VOID(read_changes(context, body.fields, source));
  CO_TRY(idempotency, Idempotency::of(call, crypto::to_bytes(crypto::sha256(body.bytes))));
  co_return co_await idempotency.once(context,
                                      [&] { return store_new(context, source, idempotency); });
}

Answer list_sources(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(sources, co_await context.database.read([&](store::Connection& db) {
    return store::list_sources(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(sources), limit, [](const model::Source& source) { return source_json(source); },
      &model::Source::id);
}

Answer get_source(Context& context, Call& call) {
  CO_TRY(source, co_await find(context, call));
  co_return http::json_response(200, source_json(source));
}

Answer patch_source(Context& context, Call& call) {
  CO_TRY(source, co_await find(context, call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY_VOID(read_changes(context, fields, source));
  source.updated_at = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write(
      [&](store::Connection& db) { return store::update_source(db, source); }));
  context.receiver.sources().forget(source.name);
  co_return http::json_response(200, source_json(source));
}

Answer delete_source(Context& context, Call& call) {
  CO_TRY(source, co_await find(context, call));
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) {
    return store::delete_source(db, source.tenant_id, source.id);
  }));
  context.receiver.sources().forget(source.name);
  co_return no_content();
}

}  // namespace verihook::api
