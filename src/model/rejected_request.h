// RejectedRequest: a request that a source refused, kept apart from the events with the reason, so
// that its owner can see what is wrong, and admit it once that is mended.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace verihook::model {

struct RejectedRequest {
  std::string tenant_id;
  std::string id;  // req_…, which the sender was told as X-Request-ID
  std::string source_id;
  std::string outcome;         // a name of gateway/outcome.h
  std::string cause;           // what is wrong, as a token
  std::string diagnosis;       // the same in a sentence
  std::string headers;         // JSON, pairs of name and value; credentials left out
  std::string secret_headers;  // sealed, the same; the credentials that its source's verifier reads
  std::string peer;            // the client's address
  std::int64_t body_bytes = 0;  // as it arrived; more than is kept when it was too large to keep
  std::string body;
  WallTime received_at{};

  bool is_whole() const { return static_cast<std::int64_t>(body.size()) == body_bytes; }
};

}  // namespace verihook::model
