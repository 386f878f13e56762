// Signing what is sent: the headers of one attempt, over the exact bytes of its body.
//  - hex HMAC-SHA256 of the body, key = the secret string's bytes, in X-Webhook-Signature and
//    X-BillionVerify-Signature. Such a header holds one value, so during a rotation it is made with
//    the first (newest) secret;
//  - Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature, signed with every
//    secret.
// A secret that begins with "whsk_" is a private key (asymmetric.h): it makes a v1a signature and
// nothing else.
// Pure; any thread; nothing fails.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace verihook::webhooks {

struct SigningOptions {
  std::vector<std::string> secrets{};  // newest first; what the check below refuses never signs
  std::string hex_header_name = "X-Webhook-Signature";
  bool also_billionverify = true;
  std::string hex_prefix{};  // "sha256=" for receivers that want it
};

// What is signed, and when it is sent.
struct SignedMessage {
  std::string_view id{};  // the event's; holds no full stop
  std::string_view body{};
  WallTime attempt_time{};
};

// kInvalidArgument for what only looks like a secret: a public key, a damaged private one.
Result<void> check_signing_secret(std::string_view secret);

// Header names and values in the order to send. Without a secret: webhook-id and webhook-timestamp
// alone, which promise nothing.
std::vector<std::pair<std::string, std::string>> sign(const SigningOptions& options,
                                                      const SignedMessage& message);

// The key that Standard Webhooks makes of a secret: the decoded part after "whsec_" when that is
// strict base64 of 24 to 64 bytes, else the bytes of the whole secret.
std::string standard_webhooks_key(std::string_view secret);

// Lower-case hex HMAC-SHA256 of `body` under the bytes of `secret`.
std::string hex_signature(std::string_view secret, std::string_view body);

// "v1," and base64 over `id.timestamp.body`, for a timestamp in whole seconds since 1970.
std::string standard_webhooks_signature(std::string_view secret, std::string_view id,
                                        std::string_view timestamp, std::string_view body);

// A new secret: "whsec_" and 32 random bytes in base64.
std::string generate_secret(Random& random);

}  // namespace verihook::webhooks
