#include "webhooks/asymmetric.h"

#include "crypto/encoding.h"
#include "crypto/sha256.h"
#include "webhooks/json_writer.h"

namespace verihook::webhooks {
namespace {

// The members that a thumbprint is made of (RFC 7638, 3.2), in the order that it wants.
void append_thumbprint_members(JsonWriter& json, std::string_view x) {
  json.member("crv", "Ed25519");
  json.member("kty", "OKP");
  json.member("x", x);
}

std::string thumbprint(std::string_view x) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_thumbprint_members(json, x);
  json.end_object();
  return crypto::base64url_encode(crypto::sha256(text));
}

void append_key(JsonWriter& json, std::string_view public_key) {
  const std::string x = crypto::base64url_encode(public_key);
  json.begin_object();
  append_thumbprint_members(json, x);
  json.member("kid", thumbprint(x));
  json.member("use", "sig");
  json.member("alg", "EdDSA");
  json.end_object();
}

}  // namespace

Result<crypto::Ed25519Key> parse_private_key(std::string_view text) {
  const auto refuse = [] {
    return fail(Errc::kInvalidArgument,
                "a private key is whsk_ and base64 of 32 bytes, or of 64 that end in its public "
                "key");
  };
  if (!text.starts_with(kPrivateKeyPrefix)) return refuse();
  const auto bytes = crypto::base64_decode(text.substr(kPrivateKeyPrefix.size()));
  if (!bytes) return refuse();
  const std::string_view all = *bytes;
  const bool with_public = all.size() == 2 * crypto::kEd25519KeyBytes;
  if (!with_public && all.size() != crypto::kEd25519KeyBytes) return refuse();
  TRY(key, crypto::Ed25519Key::from_seed(all.substr(0, crypto::kEd25519KeyBytes)));
  // Another public key would give its holder signatures that nobody can check.
  if (with_public && all.substr(crypto::kEd25519KeyBytes) != key.public_key()) return refuse();
  return std::move(key);
}

Result<std::string> parse_public_key(std::string_view text) {
  if (text.starts_with(kPublicKeyPrefix)) {
    auto bytes = crypto::base64_decode(text.substr(kPublicKeyPrefix.size()));
    if (bytes && bytes->size() == crypto::kEd25519KeyBytes) return std::move(*bytes);
  }
  return fail(Errc::kInvalidArgument, "a public key is whpk_ and base64 of 32 bytes");
}

std::string to_private_text(const crypto::Ed25519Key& key) {
  return std::string(kPrivateKeyPrefix) + crypto::base64_encode(key.seed() + key.public_key());
}

std::string to_public_text(const crypto::Ed25519Key& key) {
  return std::string(kPublicKeyPrefix) + crypto::base64_encode(key.public_key());
}

std::string asymmetric_signature(const crypto::Ed25519Key& key, std::string_view id,
                                 std::string_view timestamp, std::string_view body) {
  std::string content;
  content.reserve(id.size() + timestamp.size() + body.size() + 2);
  content.append(id).append(".").append(timestamp).append(".").append(body);
  return "v1a," + crypto::base64_encode(key.sign(content));
}

std::string key_set(std::span<const std::string> public_texts) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("keys");
  json.begin_array();
  for (const std::string& public_text : public_texts) {
    if (const auto key = parse_public_key(public_text)) append_key(json, *key);
  }
  json.end_array();
  json.end_object();
  return text;
}

}  // namespace verihook::webhooks
