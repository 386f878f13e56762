#include "crypto/ed25519.h"

#include <stdexcept>

#include <openssl/err.h>
#include <openssl/evp.h>

namespace verihook::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

void require(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL could not work with an Ed25519 key");
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Ed25519Key::Ed25519Key(std::string seed)
    : seed_(std::move(seed)), public_key_(kEd25519KeyBytes, '\0') {
  EVP_PKEY* const key =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed_), seed_.size());
  require(key != nullptr);
  key_ = std::shared_ptr<void>(key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
  std::size_t size = public_key_.size();
  require(EVP_PKEY_get_raw_public_key(key, bytes(public_key_), &size) == 1 &&
          size == kEd25519KeyBytes);
}

Ed25519Key Ed25519Key::make(Random& random) {
  std::array<std::byte, kEd25519KeyBytes> seed;
  random.fill(seed);
  return Ed25519Key(std::string(reinterpret_cast<const char*>(seed.data()), seed.size()));
}

Result<Ed25519Key> Ed25519Key::from_seed(std::string_view seed) {
  if (seed.size() != kEd25519KeyBytes) {
    return fail(Errc::kInvalidArgument, "the seed of an Ed25519 key is 32 bytes long");
  }
  return Ed25519Key(std::string(seed));
}

std::string Ed25519Key::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  require(context != nullptr);
  std::string signature(kEd25519SignatureBytes, '\0');
  std::size_t size = signature.size();
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                             static_cast<EVP_PKEY*>(key_.get())) == 1 &&
          EVP_DigestSign(context.get(), bytes(signature), &size, bytes(message), message.size()) ==
              1 &&
          size == kEd25519SignatureBytes);
  return signature;
}

bool verify_ed25519(std::string_view public_key, std::string_view message,
                    std::string_view signature) {
  if (public_key.size() != kEd25519KeyBytes || signature.size() != kEd25519SignatureBytes) {
    return false;
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size()),
      &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new());
  const bool good =
      key && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message),
                       message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace verihook::crypto
