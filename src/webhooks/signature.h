// Signing what is sent: the headers of one attempt, over the exact bytes of its body.
//  - hex HMAC-SHA256 of the body, key = the secret string's bytes, in X-Webhook-Signature and
//    X-BillionVerify-Signature. Such a header holds one value, so during a rotation it is made with
//    the first (newest) secret;
//  - Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature, signed with every
//    secret.
// A secret that begins with "whsk_" is a private key (asymmetric.h): it makes a v1a signature and
// nothing else. A secret is parsed once and signs as often as one likes: to take a private key
// apart costs as much as a signature.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace verihook::webhooks {

// A secret that is ready to sign: the text of a shared one, or a private key. Cheap to copy.
using SigningKey = std::variant<std::string, crypto::Ed25519Key>;

// kInvalidArgument for what only looks like a secret: nothing, a public key, a damaged private one.
Result<SigningKey> parse_signing_key(std::string_view secret);

struct SigningOptions {
  std::vector<SigningKey> keys{};  // newest first
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

// Header names and values in the order to send. Without a key: webhook-id and webhook-timestamp
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
