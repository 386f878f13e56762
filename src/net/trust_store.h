// TrustStore: the roots by which strict TLS clients judge a peer's certificate: the system's, and
// the operator's own where given. Loaded once at start and shared, so that no connection reads a
// file. OpenSSL counts and locks it; any thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

using SSL_CTX = struct ssl_ctx_st;
using X509_STORE = struct x509_store_st;
using X509_VERIFY_PARAM = struct X509_VERIFY_PARAM_st;

namespace verihook::net {

class TrustStore {
 public:
  // `extra_ca_file`: PEM certificates trusted besides the system's; empty for none.
  // kInvalidArgument when that file cannot be read.
  static Result<TrustStore> load(const std::string& extra_ca_file);

  // Makes `context` verify by these roots.
  void install(SSL_CTX* context) const;
  // The path of a file with all these roots, for libraries that read it themselves; it is there as
  // long as this store is. Empty when the system keeps its own in none of the usual places.
  const std::string& file() const { return file_->path; }

 private:
  struct File {
    ~File();
    std::string path;
    int fd = -1;  // of a nameless file, when it is a copy
  };
  static Result<std::shared_ptr<const File>> file_with(const std::string& extra_ca_file);

  TrustStore(std::shared_ptr<X509_STORE> store, std::shared_ptr<const File> file)
      : store_(std::move(store)), file_(std::move(file)) {}

  std::shared_ptr<X509_STORE> store_;
  std::shared_ptr<const File> file_;
};

// Requires the peer's certificate to carry `server_name`, a host name or an IP address, among its
// subject alternative names; the common name does not count (RFC 9525). False when that cannot be
// required, and then the connection must not be made.
bool expect_server_name(X509_VERIFY_PARAM* rules, const std::string& server_name);

}  // namespace verihook::net
