// Judging what is received: is this request from who holds one of the source's secrets? A verifier
// is a row of data (which headers, which prefix, which encoding, what is signed) and one function
// reads every row, so that no provider has an own path through the comparison. All listed
// signatures are compared with all secrets in constant time and without an early exit; the
// algorithm never comes from the request. Pure: time and tolerance are handed in. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace verihook::webhooks {

inline constexpr std::size_t kSignaturesMax = 20;  // listed in one header; more is refused
// v1a signatures in one header: each costs a hash of the body for each public key.
inline constexpr std::size_t kAsymmetricSignaturesMax = 4;
inline constexpr std::size_t kSecretsMax = 10;  // of one source
inline constexpr std::size_t kSecretBytesMax = 1024;

enum class VerifierKind {
  kHmac,              // HMAC-SHA256 in a header, everything about it configurable
  kStandardWebhooks,  // webhook-id, webhook-timestamp, webhook-signature; a secret "whpk_…" is a
                      // public key and checks v1a signatures alone
  kBillionVerify,     // hex of the body, in any of the header names that its clients know
  kStripe,            // Stripe-Signature: t=...,v1=...
  kGithub,            // X-Hub-Signature-256: sha256=...
  kShopify,           // X-Shopify-Hmac-SHA256: base64 of the body's
  kSlack,             // X-Slack-Signature: v0=..., X-Slack-Request-Timestamp
  kBasic,             // Authorization: Basic; a secret is "user:password"
  kApiKey,            // the secret itself in a header
  kNone,              // everything is accepted
};
std::string_view to_string(VerifierKind kind);  // as in the configuration: "standard-webhooks"

enum class SignatureEncoding {
  kHex,     // either case
  kBase64,  // strict
};

// How the bytes of the key come out of a standard-webhooks secret.
enum class SecretEncoding {
  kAuto,    // "whsec_" and base64 is decoded, all else tried as bytes and, where it can be, decoded
  kBase64,  // always decoded; a secret that cannot be is unusable
  kRaw,     // never decoded
};

struct VerifierConfig {
  VerifierKind kind = VerifierKind::kHmac;
  std::vector<std::string> secrets;
  // Where the signature stands: the first of these that the request has.
  std::vector<std::string> headers;
  std::string prefix;           // before the signature, e.g. "sha256="
  bool prefix_required = true;  // false: the signature may also stand without it
  SignatureEncoding encoding = SignatureEncoding::kHex;
  // What is signed: {body} once, and {timestamp} and {id} out of the two headers below.
  std::string signed_content = "{body}";
  std::string timestamp_header;  // whole seconds since 1970
  std::string id_header;
  SecretEncoding secret_encoding = SecretEncoding::kRaw;
};

// As http::Headers keeps them: names in any case, in the order received.
using ReceivedHeaders = std::span<const std::pair<std::string, std::string>>;

enum class VerifyStatus {
  kAccepted,  // signed by a holder of a secret, within the tolerance
  kMissing,   // a header that belongs to the signature is not there
  kInvalid,   // malformed, repeated, or of no secret
  kStale,     // authentic, but the signed timestamp is too old or too new
};
std::string_view to_string(VerifyStatus status);

struct VerifyOutcome {
  VerifyStatus status = VerifyStatus::kInvalid;
  // Why, for logs and the quarantine; never shown to the sender; holds no secret.
  std::string detail{};
  // What the timestamp and id headers say; authentic only when kAccepted or kStale.
  std::optional<WallTime> signed_at{};
  std::string signed_id{};

  bool accepted() const { return status == VerifyStatus::kAccepted; }
};

VerifyOutcome verify(const VerifierConfig& config, ReceivedHeaders headers,
                     std::string_view raw_body, WallTime now, Milliseconds tolerance);

// The configuration of a kind, with its defaults and no secrets.
VerifierConfig default_verifier(VerifierKind kind);

// {"kind":"hmac","header":"X-Webhook-Signature","secrets":["..."],"prefix":"","encoding":"hex",
//  "signed_content":"{body}"}. Errors name the field; fields that the kind does not have are
//  refused.
Result<VerifierConfig> parse_verifier(const boost::json::value& json);

// What the store keeps: the same without the secrets, which are kept sealed and come back beside
// it.
boost::json::value to_json(const VerifierConfig& config);
Result<VerifierConfig> parse_stored_verifier(std::string_view json_text,
                                             std::vector<std::string> secrets);

}  // namespace verihook::webhooks
