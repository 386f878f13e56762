// Which headers of a received request are kept, and how. What is or holds a secret (credentials,
// cookies) is not shown to anybody: of an event it is left out; of a refused request, which may
// have to be checked again, what its source's verifier reads is kept sealed. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "webhooks/verify.h"

namespace verihook::gateway {

// Headers that are credentials whoever sends them, and for `basic` and `api-key` those that the
// verifier looks at.
bool holds_secret(std::string_view name, const webhooks::VerifierConfig& verifier);

// A header's bytes may be anything; JSON is UTF-8.
std::string printable_header(std::string_view value);

struct KeptHeaders {
  std::string shown;   // JSON, [["name","value"],…] in the order received
  std::string secret;  // likewise, those that hold a secret and are needed to check again
};
KeptHeaders kept_headers(const http::Headers& headers, const webhooks::VerifierConfig& verifier);

// Both together again. kInternal for what kept_headers never wrote.
Result<http::Headers> headers_of(const KeptHeaders& kept);

}  // namespace verihook::gateway
