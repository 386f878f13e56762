// Idempotency-Key: a create that is sent twice is done once. The answer is stored in the
// transaction that creates, so that either both exist or neither; whoever comes second gets the
// stored answer, or 409 when the body is another. Keys are kept for 24 hours.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/context.h"

namespace verihook::api {

class Idempotency {
 public:
  // `body_hash` is the SHA-256 of the body. kInvalidArgument for a key that is too long or odd.
  static Result<Idempotency> of(const Call& call, std::string body_hash);

  // What `create` answers, or the stored answer when this request is not the first with its key,
  // also when the other one is committed meanwhile; kConflict when the key came with another body.
  // `create` calls remember().
  using Create = std::function<Task<Result<http::Response>>()>;
  Task<Result<http::Response>> once(Context& context, Create create) const;
  // Inside the transaction that creates. kConflict when somebody else was first.
  Result<void> remember(store::Connection& db, WallTime now, int status,
                        const std::string& body) const;

  // What once() is made of. The stored answer; nothing when this request is the first.
  Task<Result<std::optional<http::Response>>> replay(Context& context) const;
  bool present() const { return !key_.empty(); }

 private:
  std::string tenant_id_;
  std::string key_;
  std::string request_hash_;
};

}  // namespace verihook::api
