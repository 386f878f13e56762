#include "webhooks/signature.h"

#include <array>

#include "base/text.h"
#include "crypto/encoding.h"
#include "crypto/hmac.h"
#include "webhooks/asymmetric.h"

namespace verihook::webhooks {

namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kBillionVerifyHeader = "X-BillionVerify-Signature";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kGeneratedKeyBytes = 32;

}  // namespace

Result<SigningKey> parse_signing_key(std::string_view secret) {
  if (secret.empty()) return fail(Errc::kInvalidArgument, "an empty secret cannot sign");
  if (secret.starts_with(kPublicKeyPrefix)) {
    return fail(Errc::kInvalidArgument,
                "a public key (whpk_) cannot sign; give the private one (whsk_)");
  }
  if (secret.starts_with(kPrivateKeyPrefix)) {
    TRY(key, parse_private_key(secret));
    return SigningKey(std::move(key));
  }
  return SigningKey(std::string(secret));
}

std::vector<std::pair<std::string, std::string>> sign(const SigningOptions& options,
                                                      const SignedMessage& message) {
  const std::string timestamp = std::to_string(
      std::chrono::floor<std::chrono::seconds>(message.attempt_time).time_since_epoch().count());
  std::vector<std::pair<std::string, std::string>> headers;
  std::string standard;
  std::string asymmetric;
  for (const SigningKey& key : options.keys) {
    if (const auto* private_key = std::get_if<crypto::Ed25519Key>(&key)) {
      if (!asymmetric.empty()) asymmetric += ' ';
      asymmetric += asymmetric_signature(*private_key, message.id, timestamp, message.body);
      continue;
    }
    const auto& secret = std::get<std::string>(key);
    if (standard.empty()) {
      const std::string hex = options.hex_prefix + hex_signature(secret, message.body);
      headers.emplace_back(options.hex_header_name, hex);
      if (options.also_billionverify &&
          !equals_ignoring_case(options.hex_header_name, kBillionVerifyHeader)) {
        headers.emplace_back(kBillionVerifyHeader, hex);
      }
    } else {
      standard += ' ';
    }
    standard += standard_webhooks_signature(secret, message.id, timestamp, message.body);
  }
  if (!standard.empty() && !asymmetric.empty()) standard += ' ';
  standard += asymmetric;
  headers.emplace_back("webhook-id", message.id);
  headers.emplace_back("webhook-timestamp", timestamp);
  if (!standard.empty()) headers.emplace_back("webhook-signature", standard);
  return headers;
}

std::string standard_webhooks_key(std::string_view secret) {
  if (secret.starts_with(kSecretPrefix)) {
    auto key = crypto::base64_decode(secret.substr(kSecretPrefix.size()));
    if (key && key->size() >= kKeyBytesMin && key->size() <= kKeyBytesMax) return std::move(*key);
  }
  return std::string(secret);
}

std::string hex_signature(std::string_view secret, std::string_view body) {
  return crypto::hex_encode(crypto::hmac_sha256(secret, body));
}

std::string standard_webhooks_signature(std::string_view secret, std::string_view id,
                                        std::string_view timestamp, std::string_view body) {
  const std::string_view parts[] = {id, ".", timestamp, ".", body};
  return "v1," + crypto::base64_encode(crypto::hmac_sha256(standard_webhooks_key(secret), parts));
}

std::string generate_secret(Random& random) {
  std::array<std::byte, kGeneratedKeyBytes> key;
  random.fill(key);
  return std::string(kSecretPrefix) + crypto::base64_encode(key);
}

}  // namespace verihook::webhooks
