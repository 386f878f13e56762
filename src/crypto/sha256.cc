#include "crypto/sha256.h"

#include <stdexcept>

#include <openssl/evp.h>

namespace verihook::crypto {

namespace {

void require(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL could not compute a SHA-256 digest");
}

}  // namespace

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) { require(evp != nullptr); }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view data) {
  require(EVP_DigestUpdate(context_->evp, data.data(), data.size()) == 1);
}

Digest Sha256::finish() {
  Digest out;
  require(EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(out.data()),
                             nullptr) == 1);
  // The same algorithm again; naming it would have it looked up, at the price of a short digest.
  require(EVP_DigestInit_ex(context_->evp, nullptr, nullptr) == 1);
  return out;
}

std::string to_bytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view data) {
  Digest out;
  require(EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()),
                     nullptr, EVP_sha256(), nullptr) == 1);
  return out;
}

}  // namespace verihook::crypto
