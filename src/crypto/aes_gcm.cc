#include "crypto/aes_gcm.h"

#include <array>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace verihook::crypto {

namespace {

// OpenSSL counts in int; nothing that is sealed here comes near this.
constexpr std::size_t kTextBytesMax = 1U << 30;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
// Looked up once: that takes longer than opening a short text.
const EVP_CIPHER* cipher() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> fetched(
      EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return fetched.get();
}
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes(std::string& text, std::size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

std::unexpected<Error> openssl_failed() {
  return fail(Errc::kInternal, "OpenSSL could not run AES-256-GCM.");
}

std::unexpected<Error> cannot_open() {
  return fail(Errc::kInvalidArgument,
              "The sealed text cannot be opened: it was changed, moved to another place, or sealed "
              "under another key.");
}

}  // namespace

Result<std::string> aes_gcm_seal(AesKey key, std::string_view plaintext,
                                 std::string_view additional_data, Random& random) {
  if (plaintext.size() > kTextBytesMax || additional_data.size() > kTextBytesMax) {
    return fail(Errc::kTooLarge, "A text of more than 1 GiB cannot be sealed.");
  }
  std::string sealed(kGcmNonceBytes + plaintext.size() + kGcmTagBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(sealed)).first(kGcmNonceBytes));
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool worked =
      context != nullptr &&
      EVP_EncryptInit_ex(context.get(), cipher(), nullptr,
                         reinterpret_cast<const unsigned char*>(key.data()),
                         bytes(sealed, 0)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes(additional_data),
                        static_cast<int>(additional_data.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(sealed, kGcmNonceBytes), &size, bytes(plaintext),
                        static_cast<int>(plaintext.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes(sealed, kGcmNonceBytes + plaintext.size()), &size) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kGcmTagBytes,
                          bytes(sealed, kGcmNonceBytes + plaintext.size())) == 1;
  if (!worked) return openssl_failed();
  return sealed;
}

Result<std::string> aes_gcm_open(AesKey key, std::string_view sealed,
                                 std::string_view additional_data) {
  if (sealed.size() < kGcmNonceBytes + kGcmTagBytes || sealed.size() > kTextBytesMax ||
      additional_data.size() > kTextBytesMax) {
    return cannot_open();
  }
  const std::string_view nonce = sealed.substr(0, kGcmNonceBytes);
  const std::string_view text =
      sealed.substr(kGcmNonceBytes, sealed.size() - kGcmNonceBytes - kGcmTagBytes);
  std::array<unsigned char, kGcmTagBytes> tag;
  sealed.copy(reinterpret_cast<char*>(tag.data()), kGcmTagBytes, sealed.size() - kGcmTagBytes);

  std::string plaintext(text.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ready =
      context != nullptr &&
      EVP_DecryptInit_ex(context.get(), cipher(), nullptr,
                         reinterpret_cast<const unsigned char*>(key.data()), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, bytes(additional_data),
                        static_cast<int>(additional_data.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes(plaintext, 0), &size, bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagBytes, tag.data()) == 1;
  if (!ready) return openssl_failed();
  if (EVP_DecryptFinal_ex(context.get(), bytes(plaintext, text.size()), &size) != 1) {
    OPENSSL_cleanse(plaintext.data(), plaintext.size());
    return cannot_open();
  }
  return plaintext;
}

}  // namespace verihook::crypto
