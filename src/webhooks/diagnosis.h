// Diagnosis: why a signature does not verify, found by trying what is most often wrong: the secret
// of somebody else, one with white space, one that is decoded or is not, a body that was written
// anew, a header of another name, a prefix, an encoding, a clock. What fits when one such thing is
// put right names the mistake; nothing is accepted by it. One table of trials, for requests that
// were refused as well as for `verihook check-signature`. How much is hashed for one diagnosis is
// bounded. Pure; any thread; nothing fails.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "webhooks/verify.h"

namespace verihook::webhooks {

inline constexpr std::size_t kDiagnosisBytesMax = std::size_t{64} << 20;  // hashed for one

enum class Cause {
  kClockSkew,            // authentic, and too old or too new
  kTimestampUnit,        // the timestamp counts milliseconds or smaller
  kHeaderName,           // the signature stands under another name
  kPrefix,               // one that is expected is missing, or one is there that is not
  kEncoding,             // base64 for hex, or the other way round
  kSecretWhiteSpace,     // one side's secret has white space around it
  kSecretEncoding,       // one side decodes the secret, the other does not
  kExpiredSecret,        // a secret of this source that is active no more
  kSecretOfOtherSource,  // a secret of another source of the tenant
  kBodyReserialised,     // parsed and written anew after it was signed
  kBodyLineEnd,          // a line end more or less
  kOtherKind,            // signed by another scheme than the source's
  kNoSignature,          // nothing in the request could be one
  kUnknownSecret,        // none of these: most likely a secret that is not known here
};
// As the API and the command line have it: "clock_skew".
std::string_view to_string(Cause cause);

struct Diagnosis {
  Cause cause = Cause::kUnknownSecret;
  std::string sentence{};                // for people; holds no secret and no part of the body
  std::optional<std::int64_t> skew_s{};  // of kClockSkew: positive when it is too old
};

// A secret that the verifier does not take.
struct KnownSecret {
  std::string secret;
  std::string source;  // its source's name; empty: this source's own, expired
};

struct RefusedRequest {
  const VerifierConfig& verifier;
  ReceivedHeaders headers;
  std::string_view body;
  WallTime arrived_at;
  Milliseconds tolerance;
  std::span<const KnownSecret> others{};
};

// Of a request that `verify` does not accept.
Diagnosis diagnose(const RefusedRequest& request);

// A time that is too far away, by how much, in a sentence.
Diagnosis clock_skew(WallTime claimed, WallTime arrived_at, Milliseconds tolerance);

}  // namespace verihook::webhooks
