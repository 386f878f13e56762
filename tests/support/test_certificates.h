// Certificates made on the spot for tests of TLS: an authority, and leaves signed by it (or by
// nobody) with the faults that a test asks for. Failures to make one abort the test program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace verihook::testing {

struct CertificateWish {
  std::vector<std::string> names;  // "DNS:example.test", "IP:127.0.0.1"
  long starts_in_s = -3600;
  long ends_in_s = 24 * 3600;
  bool self_signed = false;
  std::string common_name = "Test leaf";
};

struct IssuedCertificate {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  // A server context that presents this certificate; the caller shares it.
  std::shared_ptr<SSL_CTX> server_context() const;
  std::string pem() const;
  std::string key_pem() const;
  // Writes the certificate into the test's temporary folder; the path.
  std::string write_pem(const std::string& file_name) const;
};

class TestAuthority {
 public:
  TestAuthority();
  const IssuedCertificate& root() const { return root_; }
  IssuedCertificate issue(const CertificateWish& wish) const;

 private:
  IssuedCertificate root_;
};

}  // namespace verihook::testing
