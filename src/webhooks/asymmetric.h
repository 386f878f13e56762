// The asymmetric family of Standard Webhooks 1.0: "v1a" signatures by Ed25519, for receivers that
// should be able to check and not to sign. A key is text like any other secret: "whsk_" and base64
// of the private key (its 32-byte seed, or seed and public key, as libsodium and svix write it),
// "whpk_" and base64 of the 32 bytes of the public key. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/ed25519.h"

namespace verihook::webhooks {

inline constexpr std::string_view kPrivateKeyPrefix = "whsk_";
inline constexpr std::string_view kPublicKeyPrefix = "whpk_";

// kInvalidArgument says what such a text looks like; it never repeats it.
Result<crypto::Ed25519Key> parse_private_key(std::string_view text);
// The 32 bytes.
Result<std::string> parse_public_key(std::string_view text);

std::string to_private_text(const crypto::Ed25519Key& key);
std::string to_public_text(const crypto::Ed25519Key& key);

// "v1a," and base64 over `id.timestamp.body`, for a timestamp in whole seconds since 1970.
std::string asymmetric_signature(const crypto::Ed25519Key& key, std::string_view id,
                                 std::string_view timestamp, std::string_view body);

// A JSON Web Key Set (RFC 7517, RFC 8037) of public keys in their text form; the id of a key is its
// thumbprint (RFC 7638). What is no public key is left out.
std::string key_set(std::span<const std::string> public_texts);

}  // namespace verihook::webhooks
