// SecretBox: what encrypts the secrets in the store (webhook secrets, verifier secrets,
// credentials) under one master key, so that a copy of the database alone reveals none of them. The
// key lives in a file of its own: 32 raw bytes, mode 0600. The additional data names the place of a
// secret
// ("tenant|endpoint|wh_..."): a sealed secret copied into another row does not open.
// seal and open may be called by any thread when the Random handed in may be.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/aes_gcm.h"

namespace verihook::crypto {

class SecretBox {
 public:
  // `random` must outlive the box.
  SecretBox(AesKey key, Random& random);
  ~SecretBox();
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  // Reads the key. Fails with kNotFound when there is no such file, kInvalidArgument when it is not
  // a regular file of 32 bytes, kForbidden when group or others may touch it.
  static Result<std::unique_ptr<SecretBox>> load(const std::filesystem::path& file, Random& random);

  // Makes a new key and its file (and the folder around it), all or nothing and on stable storage
  // when this returns. Fails with kConflict when the file exists.
  static Result<std::unique_ptr<SecretBox>> create(const std::filesystem::path& file,
                                                   Random& random);

  // What a start does: the key in the file, or a new one when there is no file. Two processes that
  // start at once end up with the same key.
  static Result<std::unique_ptr<SecretBox>> load_or_create(const std::filesystem::path& file,
                                                           Random& random);

  Result<std::string> seal(std::string_view plaintext, std::string_view additional_data) const;
  Result<std::string> open(std::string_view sealed, std::string_view additional_data) const;

  // A hash of `data` that only this key can make, in hex; `purpose` keeps those for one end apart
  // from those for another.
  std::string keyed_hash(std::string_view purpose, std::string_view data) const;

  // 16 hex digits that name the key without revealing it: kept in the store, they let a start with
  // another key file be refused before anything is written under it.
  std::string key_id() const;

 private:
  std::array<std::byte, kAesKeyBytes> key_;
  Random& random_;
};

}  // namespace verihook::crypto
