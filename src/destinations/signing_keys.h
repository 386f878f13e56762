// SigningKeys: the secrets of destinations, opened and taken apart once instead of for each
// attempt: for an Ed25519 key that costs as much as a signature. A key is remembered under its
// sealed text and its place, so a secret that is replaced, or copied elsewhere, is never mistaken
// for what it was. Bounded: past the limit all are forgotten and opened again as they are needed.
// One io thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "crypto/secret_box.h"
#include "webhooks/signature.h"

namespace verihook::destinations {

inline constexpr std::size_t kSigningKeysMax = 4096;

class SigningKeys {
 public:
  // `secrets` must outlive this object.
  explicit SigningKeys(const crypto::SecretBox& secrets) : secrets_(secrets) {}

  // The errors of SecretBox::open and of webhooks::parse_signing_key.
  Result<webhooks::SigningKey> open(std::string_view sealed, std::string_view place);

  std::size_t size() const { return known_.size(); }

 private:
  const crypto::SecretBox& secrets_;
  std::unordered_map<std::string, webhooks::SigningKey> known_;
};

}  // namespace verihook::destinations
