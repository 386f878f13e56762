#include "api/idempotency.h"

#include <algorithm>

#include "crypto/encoding.h"
#include "crypto/sha256.h"
#include "store/accounts.h"

namespace verihook::api {
namespace {

constexpr std::size_t kKeyBytesMax = 255;
constexpr Milliseconds kKeptFor = std::chrono::hours{24};

}  // namespace

Result<Idempotency> Idempotency::of(const Call& call, std::string body_hash) {
  Idempotency idempotency;
  const auto key = call.request.headers.get("Idempotency-Key");
  if (!key) return idempotency;
  const bool printable = std::ranges::all_of(*key, [](char c) { return c > ' ' && c < 127; });
  if (key->empty() || key->size() > kKeyBytesMax || !printable) {
    return fail(Errc::kInvalidArgument,
                "Idempotency-Key must be 1 to 255 printable characters without spaces");
  }
  idempotency.tenant_id_ = call.caller.tenant_id;
  idempotency.key_ = *key;
  crypto::Sha256 hash;
  hash.update(http::to_string(call.request.method));
  hash.update(call.request.path);
  hash.update("\n");
  hash.update(body_hash);
  idempotency.request_hash_ = crypto::hex_encode(hash.finish());
  return idempotency;
}

Task<Result<http::Response>> Idempotency::once(Context& context, Create create) const {
  if (!present()) co_return co_await create();
  CO_TRY(replayed, co_await replay(context));
  if (replayed) co_return std::move(*replayed);
  auto answer = co_await create();
  if (!answer && answer.error().code == Errc::kConflict) {
    // Another request with this key may have been committed between the look and the write.
    CO_TRY(first, co_await replay(context));
    if (first) co_return std::move(*first);
  }
  co_return answer;
}

Task<Result<std::optional<http::Response>>> Idempotency::replay(Context& context) const {
  if (!present()) co_return std::optional<http::Response>();
  const WallTime now = context.clock().wall_now();
  CO_TRY(stored, co_await context.database.read([&](store::Connection& db) {
    return store::find_idempotent_answer(db, tenant_id_, key_, now);
  }));
  if (!stored) co_return std::optional<http::Response>();
  if (stored->request_hash != request_hash_) {
    co_return fail(Errc::kConflict,
                   "this Idempotency-Key was used with another request; choose a new one");
  }
  http::Response response =
      http::json_response(static_cast<unsigned>(stored->status), std::move(stored->body));
  response.headers.set("Idempotent-Replayed", "true");
  co_return std::optional<http::Response>(std::move(response));
}

Result<void> Idempotency::remember(store::Connection& db, WallTime now, int status,
                                   const std::string& body) const {
  if (!present()) return {};
  return store::insert_idempotent_answer(db, tenant_id_, key_, {request_hash_, status, body},
                                         now + kKeptFor, now);
}

}  // namespace verihook::api
