#include "api/erase_handlers.h"

#include "address/spellings.h"
#include "api/resource_json.h"
#include "store/accounts.h"
#include "store/erasures.h"

namespace verihook::api {

// The operator's reach everywhere, or the one tenant that is named; others' their own tenant.
Answer create_erasure(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  CO_TRY(fields, co_await read_fields(call.request, context.options.json_bytes_max));
  CO_TRY(email, fields.string("email"));
  CO_TRY(tenant_id, fields.optional_string("tenant_id", 64));
  CO_TRY_VOID(fields.refuse_others());
  if (email.find('@') == email.npos) {
    co_return fail(Errc::kInvalidArgument, "email must be an address");
  }
  if (tenant_id && *tenant_id != call.caller.tenant_id && !is_operator(call.caller)) {
    co_return fail(Errc::kForbidden, "what another tenant has can only be erased by the operator");
  }
  model::Erasure erasure;
  erasure.tenant_id = call.caller.tenant_id;
  erasure.id = context.ids.make(id_prefix::kErasure);
  erasure.scope = tenant_id.value_or(is_operator(call.caller) ? "" : call.caller.tenant_id);
  erasure.email = email;
  erasure.address_hash =
      context.secrets.keyed_hash("erased address", address::Spellings(email).key());
  erasure.created_at = context.clock().wall_now();
  CO_TRY_VOID(co_await context.database.write([&](store::Connection& db) -> Result<void> {
    if (!erasure.scope.empty()) TRY_VOID(store::find_tenant(db, erasure.scope));
    return store::insert_erasure(db, erasure);
  }));
  context.eraser.wake();
  co_return http::json_response(202, erasure_json(erasure));
}

Answer list_erasures(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {"limit", "cursor"}));
  CO_TRY(limit, read_limit(call.request));
  const std::string cursor = read_query(call.request, "cursor");
  CO_TRY(erasures, co_await context.database.read([&](store::Connection& db) {
    return store::list_erasures(db, call.caller.tenant_id, cursor, limit + 1);
  }));
  co_return page_of(
      std::move(erasures), limit,
      [](const model::Erasure& erasure) { return erasure_json(erasure); }, &model::Erasure::id);
}

Answer get_erasure(Context& context, Call& call) {
  CO_TRY_VOID(refuse_other_queries(call.request, {}));
  const std::string id(call.request.capture("erasure_id"));
  if (!is_id(id, id_prefix::kErasure)) co_return not_found("erasure");
  CO_TRY(found, co_await context.database.read([&](store::Connection& db) {
    return store::find_erasure(db, call.caller.tenant_id, id);
  }));
  co_return http::json_response(200, erasure_json(found));
}

}  // namespace verihook::api
