// Signing for users of the library.
#include "crypto/system_random.h"
#include "webhooks/asymmetric.h"
#include "webhooks/library/webhooks.h"
#include "webhooks/signature.h"

namespace verihook::webhooks::v1 {

struct Signer::State {
  SigningOptions options;
};

Result<Signer> Signer::make(SignerOptions options) {
  SigningOptions signing;
  for (const std::string& secret : options.secrets) {
    auto key = parse_signing_key(secret);
    if (!key) return std::unexpected(Error{std::move(key.error().message)});
    signing.keys.push_back(std::move(*key));
  }
  if (signing.keys.empty()) return std::unexpected(Error{"give at least one secret to sign with"});
  signing.hex_header_name = std::move(options.hex_header);
  signing.hex_prefix = std::move(options.hex_prefix);
  signing.also_billionverify = options.billionverify_header;
  return Signer(std::make_shared<const State>(std::move(signing)));
}

Headers Signer::sign(std::string_view id, std::string_view body, Time attempt) const {
  return webhooks::sign(state_->options, {.id = id, .body = body, .attempt_time = attempt});
}

std::string generate_secret() {
  crypto::SystemRandom random;
  return webhooks::generate_secret(random);
}

KeyPair generate_key_pair() {
  crypto::SystemRandom random;
  const auto key = crypto::Ed25519Key::make(random);
  return {.private_key = to_private_text(key), .public_key = to_public_text(key)};
}

}  // namespace verihook::webhooks::v1
