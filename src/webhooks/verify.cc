#include "webhooks/verify.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "crypto/constant_time.h"
#include "crypto/encoding.h"
#include "crypto/hmac.h"
#include "crypto/sha256.h"
#include "webhooks/asymmetric.h"
#include "webhooks/signature.h"

namespace verihook::webhooks {

namespace {

constexpr std::size_t kTimestampDigitsMax = 12;
constexpr std::string_view kAsymmetricPrefix = "v1a,";

VerifyOutcome outcome(VerifyStatus status, std::string detail) {
  return {.status = status, .detail = std::move(detail)};
}

VerifyOutcome invalid(std::string detail) {
  return outcome(VerifyStatus::kInvalid, std::move(detail));
}

VerifyOutcome missing(std::string_view header) {
  return outcome(VerifyStatus::kMissing, "header " + std::string(header) + " is missing");
}

// The values of every field of that name.
std::vector<std::string_view> values_of(ReceivedHeaders headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [field_name, value] : headers) {
    if (equals_ignoring_case(field_name, name)) values.push_back(value);
  }
  return values;
}

// What the request says, before anything is computed.
struct Claim {
  std::vector<std::string_view> signatures;  // encoded, without their prefix
  std::vector<std::string_view> asymmetric_signatures;
  std::string_view timestamp;
  std::string_view id;
};

// The one value of a header: no header (or an empty one) is missing, two are an attack or a fault.
std::expected<std::string_view, VerifyOutcome> single_value(ReceivedHeaders headers,
                                                            std::string_view name) {
  const auto values = values_of(headers, name);
  if (values.size() > 1) {
    return std::unexpected(invalid("header " + std::string(name) + " occurs more than once"));
  }
  if (values.empty() || trim(values.front()).empty()) return std::unexpected(missing(name));
  return trim(values.front());
}

std::expected<std::string_view, VerifyOutcome> signature_value(const VerifierConfig& config,
                                                               ReceivedHeaders headers) {
  for (const std::string& name : config.headers) {
    auto value = single_value(headers, name);
    if (value || value.error().status != VerifyStatus::kMissing) return value;
  }
  return std::unexpected(missing(config.headers.empty() ? "" : config.headers.front()));
}

std::unexpected<VerifyOutcome> too_many_signatures() {
  return std::unexpected(invalid("more than 20 signatures are listed"));
}

// Standard Webhooks: "v1,... v1,... v1a,...": other versions are skipped, not refused.
std::expected<void, VerifyOutcome> split_standard(std::string_view header,
                                                  const VerifierConfig& config, Claim& claim) {
  const auto entries = split(header, ' ');
  if (entries.size() > kSignaturesMax) return too_many_signatures();
  for (std::string_view entry : entries) {
    if (entry.starts_with(config.prefix)) {
      claim.signatures.push_back(entry.substr(config.prefix.size()));
    } else if (entry.starts_with(kAsymmetricPrefix)) {
      claim.asymmetric_signatures.push_back(entry.substr(kAsymmetricPrefix.size()));
    }
  }
  if (claim.asymmetric_signatures.size() > kAsymmetricSignaturesMax) {
    return std::unexpected(invalid("more than 4 v1a signatures are listed"));
  }
  return {};
}

// Stripe: "t=1492774577,v1=...,v0=...": one t; tags other than t and v1 are skipped.
std::expected<void, VerifyOutcome> split_stripe(std::string_view header, Claim& claim) {
  const auto entries = split(header, ',');
  if (entries.size() > kSignaturesMax + 1) return too_many_signatures();
  for (std::string_view entry : entries) {
    entry = trim(entry);
    if (entry.starts_with("v1=")) {
      claim.signatures.push_back(entry.substr(3));
    } else if (entry.starts_with("t=")) {
      if (!claim.timestamp.empty()) return std::unexpected(invalid("t= occurs more than once"));
      claim.timestamp = entry.substr(2);
    }
  }
  if (claim.timestamp.empty()) return std::unexpected(invalid("t= is missing"));
  return {};
}

std::expected<void, VerifyOutcome> take_single(std::string_view header,
                                               const VerifierConfig& config, Claim& claim) {
  if (header.starts_with(config.prefix)) {
    header.remove_prefix(config.prefix.size());
  } else if (config.prefix_required) {
    return std::unexpected(invalid("the signature lacks the prefix " + config.prefix));
  }
  claim.signatures.push_back(header);
  return {};
}

std::expected<Claim, VerifyOutcome> read_claim(const VerifierConfig& config,
                                               ReceivedHeaders headers) {
  const auto header = signature_value(config, headers);
  if (!header) return std::unexpected(header.error());
  Claim claim;
  for (const auto& [name, member] : {std::pair(&config.timestamp_header, &Claim::timestamp),
                                     std::pair(&config.id_header, &Claim::id)}) {
    if (name->empty()) continue;
    const auto value = single_value(headers, *name);
    if (!value) return std::unexpected(value.error());
    claim.*member = *value;
  }
  std::expected<void, VerifyOutcome> taken;
  switch (config.kind) {
    case VerifierKind::kStandardWebhooks:
      taken = split_standard(*header, config, claim);
      break;
    case VerifierKind::kStripe:
      taken = split_stripe(*header, claim);
      break;
    default:
      taken = take_single(*header, config, claim);
      break;
  }
  if (!taken) return std::unexpected(taken.error());
  return claim;
}

// A public key is known to everybody, and so never the key of a MAC.
bool is_public_key(const std::string& secret) { return secret.starts_with(kPublicKeyPrefix); }

// Every key of a MAC that a secret stands for.
std::vector<std::string> keys_of(const VerifierConfig& config) {
  std::vector<std::string> keys;
  for (const std::string& secret : config.secrets) {
    if (secret.empty() || is_public_key(secret)) continue;
    const std::string prefixed = secret.starts_with("whsec_") ? secret : "whsec_" + secret;
    const std::string decoded = standard_webhooks_key(prefixed);
    const bool can_decode = decoded != prefixed;
    switch (config.secret_encoding) {
      case SecretEncoding::kRaw:
        keys.push_back(secret);
        break;
      case SecretEncoding::kBase64:
        if (can_decode) keys.push_back(decoded);
        break;
      case SecretEncoding::kAuto:
        if (can_decode) keys.push_back(decoded);
        // A secret with its prefix says that it is encoded; one without says nothing.
        if (!can_decode || prefixed != secret) keys.push_back(secret);
        break;
    }
  }
  return keys;
}

// The template's pieces, with the placeholders replaced by views of what they stand for.
std::vector<std::string_view> signed_parts(std::string_view content, const Claim& claim,
                                           std::string_view body) {
  const std::pair<std::string_view, std::string_view> kPlaceholders[] = {
      {"{body}", body}, {"{timestamp}", claim.timestamp}, {"{id}", claim.id}};
  std::vector<std::string_view> parts;
  while (!content.empty()) {
    const auto brace = content.find('{');
    if (brace != 0) parts.push_back(content.substr(0, brace));
    if (brace == std::string_view::npos) break;
    content.remove_prefix(brace);
    const auto* placeholder = std::ranges::find_if(
        kPlaceholders, [&](const auto& known) { return content.starts_with(known.first); });
    if (placeholder == std::end(kPlaceholders)) {
      parts.push_back(content);
      break;
    }
    parts.push_back(placeholder->second);
    content.remove_prefix(placeholder->first.size());
  }
  return parts;
}

bool any_signature_matches(const VerifierConfig& config, const Claim& claim,
                           std::string_view body) {
  std::vector<std::string> given;
  for (const std::string_view signature : claim.signatures) {
    auto decoded = config.encoding == SignatureEncoding::kHex ? crypto::hex_decode(signature)
                                                              : crypto::base64_decode(signature);
    // What cannot be decoded can match nothing, and an empty text has the length of no MAC.
    given.push_back(std::move(decoded).value_or(std::string()));
  }
  const auto parts = signed_parts(config.signed_content, claim, body);
  bool matches = false;
  for (const std::string& key : keys_of(config)) {
    const crypto::Mac mac = crypto::hmac_sha256(key, parts);
    for (const std::string& signature : given) {
      const bool equal = crypto::constant_time_equal(mac, std::as_bytes(std::span(signature)));
      matches = matches || equal;
    }
  }
  return matches;
}

// Nothing here is secret, so the first match ends it.
bool any_asymmetric_signature_matches(const VerifierConfig& config, const Claim& claim,
                                      std::string_view body) {
  if (claim.asymmetric_signatures.empty()) return false;
  std::string content;
  for (const std::string_view part : signed_parts(config.signed_content, claim, body)) {
    content += part;
  }
  for (const std::string& secret : config.secrets) {
    const auto key = parse_public_key(secret);
    if (!key) continue;
    for (const std::string_view listed : claim.asymmetric_signatures) {
      const auto signature = crypto::base64_decode(listed);
      if (signature && crypto::verify_ed25519(*key, content, *signature)) return true;
    }
  }
  return false;
}

VerifyOutcome verify_signature(const VerifierConfig& config, ReceivedHeaders headers,
                               std::string_view body, WallTime now, Milliseconds tolerance) {
  const auto claim = read_claim(config, headers);
  if (!claim) return claim.error();
  VerifyOutcome result = invalid("no listed signature is of an active secret");
  if (!claim->timestamp.empty()) {
    const auto seconds =
        claim->timestamp.size() <= kTimestampDigitsMax ? parse_u64(claim->timestamp) : std::nullopt;
    if (!seconds) return invalid("the timestamp is not a number of seconds");
    result.signed_at = from_unix_ms(static_cast<std::int64_t>(*seconds) * 1000);
  }
  result.signed_id = claim->id;
  if (!any_signature_matches(config, *claim, body) &&
      !any_asymmetric_signature_matches(config, *claim, body)) {
    return result;
  }
  if (result.signed_at) {
    // To the second, as the timestamp is: a sender at the very limit is still within it.
    const WallTime now_s = std::chrono::floor<std::chrono::seconds>(now);
    const Milliseconds skew = now_s - *result.signed_at;
    if (std::chrono::abs(skew) > tolerance) {
      result.status = VerifyStatus::kStale;
      result.detail = "signed " + std::to_string(std::abs(skew.count()) / 1000) +
                      (skew.count() > 0 ? " s ago" : " s in the future");
      return result;
    }
  }
  result.status = VerifyStatus::kAccepted;
  result.detail.clear();
  return result;
}

// basic and api-key: what the header holds is a secret itself. Digests are compared, so that not
// even the length of the secrets shows.
VerifyOutcome verify_shared_secret(const VerifierConfig& config, ReceivedHeaders headers) {
  const auto header = signature_value(config, headers);
  if (!header) return header.error();
  std::string_view value = *header;
  const std::string_view scheme = value.substr(0, config.prefix.size());
  if (!equals_ignoring_case(scheme, config.prefix)) {
    return invalid("the header lacks the prefix " + config.prefix);
  }
  value.remove_prefix(config.prefix.size());
  std::string given(value);
  if (config.kind == VerifierKind::kBasic) {
    auto decoded = crypto::base64_decode(trim(value));
    if (!decoded) return invalid("the credentials are not base64");
    given = std::move(*decoded);
  }
  const crypto::Digest given_digest = crypto::sha256(given);
  bool matches = false;
  for (const std::string& secret : config.secrets) {
    const bool equal = crypto::constant_time_equal(given_digest, crypto::sha256(secret));
    matches = matches || (equal && !secret.empty());
  }
  if (!matches) return invalid("the header holds none of the active secrets");
  return outcome(VerifyStatus::kAccepted, {});
}

}  // namespace

std::string_view to_string(VerifyStatus status) {
  constexpr std::array<std::string_view, 4> kNames = {"accepted", "missing", "invalid", "stale"};
  return kNames[static_cast<std::size_t>(status)];
}

VerifyOutcome verify(const VerifierConfig& config, ReceivedHeaders headers,
                     std::string_view raw_body, WallTime now, Milliseconds tolerance) {
  switch (config.kind) {
    case VerifierKind::kNone:
      return outcome(VerifyStatus::kAccepted, {});
    case VerifierKind::kBasic:
    case VerifierKind::kApiKey:
      return verify_shared_secret(config, headers);
    default:
      return verify_signature(config, headers, raw_body, now, tolerance);
  }
}

}  // namespace verihook::webhooks
