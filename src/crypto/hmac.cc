#include "crypto/hmac.h"

#include <memory>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace verihook::crypto {

namespace {

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const unsigned char* bytes(std::string_view text) {
  // OpenSSL takes a null key for "the key set before", so an empty one needs an address of its own.
  return reinterpret_cast<const unsigned char*>(text.data() == nullptr ? "" : text.data());
}

void require(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL could not compute an HMAC");
}

using Context = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

Context prepare() {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr);
  Context context(EVP_MAC_CTX_new(mac.get()));
  require(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  require(EVP_MAC_CTX_set_params(context.get(), params) == 1);
  return context;
}

}  // namespace

Mac hmac_sha256(std::string_view key, std::string_view data) {
  return hmac_sha256(key, std::span<const std::string_view>(&data, 1));
}

Mac hmac_sha256(std::string_view key, std::span<const std::string_view> parts) {
  // Looking the algorithms up takes longer than a short HMAC: it is done once, and copied.
  static const Context prepared = prepare();
  const Context context(EVP_MAC_CTX_dup(prepared.get()));
  require(context != nullptr);
  require(EVP_MAC_init(context.get(), bytes(key), key.size(), nullptr) == 1);
  for (const std::string_view part : parts) {
    require(EVP_MAC_update(context.get(), bytes(part), part.size()) == 1);
  }
  Mac out;
  std::size_t size = 0;
  require(EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                        out.size()) == 1);
  require(size == out.size());
  return out;
}

}  // namespace verihook::crypto
