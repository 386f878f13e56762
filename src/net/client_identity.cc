#include "net/client_identity.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace verihook::net {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader_of(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

// Asked for a passphrase: there is none. Without it OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<void> check_client_identity(std::string_view certificate, std::string_view key) {
  const Bio certificate_text = reader_of(certificate);
  const Bio key_text = reader_of(key);
  const std::unique_ptr<X509, decltype(&X509_free)> first(
      PEM_read_bio_X509(certificate_text.get(), nullptr, &no_passphrase, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> private_key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free);
  const bool fits = first && private_key && X509_check_private_key(first.get(), private_key.get());
  ERR_clear_error();
  if (!first) {
    return fail(Errc::kInvalidArgument, "the client certificate is not a certificate in PEM");
  }
  if (!private_key) {
    return fail(Errc::kInvalidArgument,
                "the client key is not a private key in PEM without a passphrase");
  }
  if (!fits) {
    return fail(Errc::kInvalidArgument, "the client key does not belong to the certificate");
  }
  return {};
}

}  // namespace verihook::net
