// Ed25519 (RFC 8032): signatures that whoever has the public key can check and only who has the
// private one can make. A key is its 32-byte seed. Immutable; any thread. Throws std::runtime_error
// when OpenSSL itself fails, which no caller can mend.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace verihook::crypto {

inline constexpr std::size_t kEd25519KeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

class Ed25519Key {
 public:
  static Ed25519Key make(Random& random);
  // kInvalidArgument unless it is 32 bytes long.
  static Result<Ed25519Key> from_seed(std::string_view seed);

  const std::string& seed() const { return seed_; }
  // 32 bytes.
  const std::string& public_key() const { return public_key_; }
  // 64 bytes.
  std::string sign(std::string_view message) const;

 private:
  explicit Ed25519Key(std::string seed);

  std::string seed_;
  std::string public_key_;
  std::shared_ptr<void> key_;  // an EVP_PKEY
};

// False also for keys and signatures of a wrong length.
bool verify_ed25519(std::string_view public_key, std::string_view message,
                    std::string_view signature);

}  // namespace verihook::crypto
