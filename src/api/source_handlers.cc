#include "api/source_handlers.h"

#include "api/idempotency.h"
#include "api/resource_json.h"
#include "api/secret_rotation.h"
#include "api/source_fields.h"
#include "crypto/sha256.h"
#include "gateway/sources.h"
#include "store/destinations.h"
#include "webhooks/signature.h"
#include "webhooks/verify.h"

namespace verihook::api {
namespace {

Task<Result<void>> save(Context& context, model::Source& source) {
  source.updated_at = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write(
      [&](store::Connection& db) { return store::update_source(db, source); }));
  context.receiver.sources().forget(source.name);
  co_return Result<void>{};
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

Task<Result<model::Source>> find_source(Context& context, const Call& call) {
  const std::string id(call.request.capture("source_id"));
  if (!is_id(id, id_prefix::kSource)) co_return not_found("source");
  co_return co_await context.database.read(
      [&](store::Connection& db) { return store::find_source(db, call.caller.tenant_id, id); });
}

Answer create_source(Context& context, Call& call) {
  CO_TRY(body, co_await read_fields_and_bytes(call.request, context.options.json_bytes_max));
  model::Source source;
  source.tenant_id = call.caller.tenant_id;
  source.id = context.ids.make(id_prefix::kSource);
  source.created_at = source.updated_at = context.clock().wall_now();
  CO_TRY_VOID(read_new_source(context.secrets, body.fields, source));
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
  CO_TRY(source, co_await find_source(context, call));
  co_return http::json_response(200, source_json(source));
}

Answer patch_source(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY_VOID(read_source_changes(context.secrets, fields, source));
  CO_TRY_VOID(co_await save(context, source));
  co_return http::json_response(200, source_json(source));
}

Answer rotate_source_secret(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(given, fields.optional_string("secret", webhooks::kSecretBytesMax));
  CO_TRY_VOID(fields.refuse_others());
  if (given && given->empty()) co_return fail(Errc::kInvalidArgument, "secret must not be empty");
  if (source.secrets.empty()) {
    co_return fail(Errc::kConflict, "this source's verifier has no secret");
  }
  const WallTime now = context.clock().wall_now();
  forget_expired(source.secrets, now);
  for (model::SealedSecret& secret : source.secrets) retire(secret, now);
  if (source.secrets.size() >= webhooks::kSecretsMax) {
    co_return fail(Errc::kConflict, "this source has " + std::to_string(webhooks::kSecretsMax) +
                                        " active secrets; wait until one has expired");
  }
  const std::string secret = given ? *given : webhooks::generate_secret(context.random);
  CO_TRY(sealed, context.secrets.seal(secret, gateway::source_secret_place(source)));
  source.secrets.insert(source.secrets.begin(), {std::move(sealed), std::nullopt});
  // What could not be used afterwards is not stored: a kind may want a certain form.
  auto prepared = gateway::prepare_source(source, context.secrets, now);
  if (!prepared) co_return std::unexpected(std::move(prepared).error());
  CO_TRY_VOID(co_await save(context, source));
  co_return http::json_response(200,
                                source_json(source, given ? std::nullopt : std::optional(secret)));
}

Answer delete_source(Context& context, Call& call) {
  CO_TRY(source, co_await find_source(context, call));
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) {
    return store::delete_source(db, source.tenant_id, source.id);
  }));
  context.receiver.sources().forget(source.name);
  co_return no_content();
}

}  // namespace verihook::api
