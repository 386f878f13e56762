#include "tests/support/test_certificates.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace verihook::testing {
namespace {

void require(bool good) {
  if (!good) std::abort();
}

std::shared_ptr<EVP_PKEY> make_key() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  require(key != nullptr);
  return key;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> make_certificate(EVP_PKEY* key, const CertificateWish& wish) {
  static long serial = 1;
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wish.starts_in_s);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.ends_in_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                             -1, 0);
  require(X509_set_pubkey(x, key) == 1);
  std::string names;
  for (const auto& name : wish.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(x, NID_subject_alt_name, names);
  return certificate;
}

// What `write` puts into a BIO; it returns 1.
std::string written(const std::function<int(BIO*)>& write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  require(write(memory.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
  require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

}  // namespace

std::shared_ptr<SSL_CTX> IssuedCertificate::server_context() const {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

std::string IssuedCertificate::pem() const {
  return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
}

std::string IssuedCertificate::key_pem() const {
  return written([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string IssuedCertificate::write_pem(const std::string& file_name) const {
  const auto folder =
      std::filesystem::temp_directory_path() / ("verihook_test_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto path = folder / file_name;
  std::ofstream(path) << pem();
  return path;
}

TestAuthority::TestAuthority() {
  CertificateWish authority;
  authority.common_name = "Test authority";
  root_.key = make_key();
  root_.certificate = make_certificate(root_.key.get(), authority);
  add_extension(root_.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(root_.certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(root_.certificate.get(), root_.certificate.get(), root_.key.get());
}

IssuedCertificate TestAuthority::issue(const CertificateWish& wish) const {
  IssuedCertificate leaf;
  leaf.key = make_key();
  leaf.certificate = make_certificate(leaf.key.get(), wish);
  const IssuedCertificate& issuer = wish.self_signed ? leaf : root_;
  sign(leaf.certificate.get(), issuer.certificate.get(), issuer.key.get());
  return leaf;
}

}  // namespace verihook::testing
