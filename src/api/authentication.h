// Authentication: from `Authorization: Bearer vh_live_…` to the caller. Keys are looked up by their
// SHA-256 and remembered for a few seconds; a revoked key stops working within that time. One io
// thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/random.h"
#include "http/message.h"
#include "model/tenant.h"
#include "store/database.h"

namespace verihook::api {

struct Caller {
  std::string tenant_id;
  std::string key_id;
  model::Scope scope = model::Scope::kRead;
};
// What belongs to other tenants is the business of the tenant that exists from the first start.
inline bool is_operator(const Caller& caller) { return caller.tenant_id == model::kDefaultTenant; }

// A new key: "vh_live_" and 40 characters of base 62 (238 bits); shown once, only its hash is
// stored.
std::string make_api_key(Random& random);
std::string hash_api_key(std::string_view key);
// What people may see of a key afterwards.
std::string api_key_prefix(std::string_view key);

class Authenticator {
 public:
  Authenticator(store::Database& database, const Clock& clock)
      : database_(database), clock_(clock) {}
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // kUnauthorized without a valid key.
  Task<Result<Caller>> authenticate(const http::Request& request);

 private:
  struct Remembered {
    model::ApiKey key;
    MonotonicTime until;
  };

  store::Database& database_;
  const Clock& clock_;
  std::unordered_map<std::string, Remembered> remembered_;  // by hash
};

}  // namespace verihook::api
