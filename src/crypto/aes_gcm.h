// AES-256-GCM (NIST SP 800-38D). A sealed text is nonce (12 bytes) || ciphertext || tag (16 bytes);
// the nonce is drawn at random for each, which is safe for 2^32 texts under one key. The additional
// data is not kept: it must be given again to open, and so ties a text to its place (a row, a
// tenant). Pure but for the randomness handed in.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace verihook::crypto {

inline constexpr std::size_t kAesKeyBytes = 32;
inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;

using AesKey = std::span<const std::byte, kAesKeyBytes>;

// Fails with kTooLarge past 1 GiB, kInternal when OpenSSL fails.
Result<std::string> aes_gcm_seal(AesKey key, std::string_view plaintext,
                                 std::string_view additional_data, Random& random);

// Fails with kInvalidArgument when the text is too short, was changed, was sealed under another key
// or with other additional data: the four cannot be told apart.
Result<std::string> aes_gcm_open(AesKey key, std::string_view sealed,
                                 std::string_view additional_data);

}  // namespace verihook::crypto
