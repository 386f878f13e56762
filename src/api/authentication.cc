#include "api/authentication.h"

#include "base/text.h"
#include "crypto/sha256.h"
#include "store/accounts.h"

namespace verihook::api {
namespace {

constexpr std::string_view kKeyPrefix = "vh_live_";
constexpr std::size_t kKeyRandomChars = 40;
constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr Milliseconds kRememberFor{2'000};
constexpr std::size_t kRememberedMax = 10'000;

std::unexpected<Error> unauthorized() {
  return fail(Errc::kUnauthorized,
              "give a valid API key in the header \"Authorization: Bearer KEY\"");
}

}  // namespace

std::string make_api_key(Random& random) {
  std::string key(kKeyPrefix);
  for (std::size_t i = 0; i < kKeyRandomChars; ++i) {
    key.push_back(kBase62[random.below(kBase62.size())]);
  }
  return key;
}

std::string hash_api_key(std::string_view key) { return crypto::to_bytes(crypto::sha256(key)); }

std::string api_key_prefix(std::string_view key) {
  return std::string(key.substr(0, kKeyPrefix.size() + 4));
}

Task<Result<Caller>> Authenticator::authenticate(const http::Request& request) {
  const auto header = request.headers.get("Authorization");
  if (!header || request.headers.count("Authorization") != 1) co_return unauthorized();
  constexpr std::string_view kBearer = "bearer ";
  if (header->size() <= kBearer.size() ||
      !equals_ignoring_case(header->substr(0, kBearer.size()), kBearer)) {
    co_return unauthorized();
  }
  // The look-up is by a hash of the key, so its timing tells nothing about the keys that exist.
  const std::string hash = hash_api_key(trim(header->substr(kBearer.size())));
  const MonotonicTime now = clock_.monotonic_now();
  auto known = remembered_.find(hash);
  if (known == remembered_.end() || known->second.until <= now) {
    auto found = co_await database_.read(
        [&](store::Connection& db) { return store::find_key_by_hash(db, hash); });
    if (!found && found.error().code == Errc::kNotFound) co_return unauthorized();
    if (!found) co_return std::unexpected(found.error());
    if (remembered_.size() >= kRememberedMax) remembered_.clear();
    known = remembered_.insert_or_assign(hash, Remembered{*found, now + kRememberFor}).first;
  }
  const model::ApiKey& key = known->second.key;
  const WallTime wall = clock_.wall_now();
  if (key.revoked_at || (key.expires_at && *key.expires_at <= wall)) co_return unauthorized();
  co_return Caller{key.tenant_id, key.id, key.scope};
}

}  // namespace verihook::api
