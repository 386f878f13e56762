#include "net/trust_store.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/ip.h"

namespace verihook::net {
namespace {

// Where distributions keep all their roots in one file. Read whole, unlike the hashed directory
// that is OpenSSL's default and that is searched again at each unknown issuer.
constexpr const char* kSystemBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // openSUSE
    "/etc/ssl/cert.pem",                   // Alpine
};

void load_system_roots(X509_STORE* store) {
  for (const char* bundle : kSystemBundles) {
    if (X509_STORE_load_file(store, bundle) == 1) return;
  }
  // None of those: whatever this OpenSSL was built to look at.
  X509_STORE_set_default_paths(store);
}

std::string system_roots_file() {
  for (const char* bundle : kSystemBundles) {
    std::error_code error;
    if (std::filesystem::is_regular_file(bundle, error)) return bundle;
  }
  return {};
}

// Appends the file's text; false when it cannot be read or written.
bool append_file(int to, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf() << '\n';
  std::string_view rest = text.view();
  while (in && !rest.empty()) {
    const ssize_t written = ::write(to, rest.data(), rest.size());
    if (written <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return static_cast<bool>(in);
}

}  // namespace

TrustStore::File::~File() {
  if (fd >= 0) ::close(fd);
}

Result<std::shared_ptr<const TrustStore::File>> TrustStore::file_with(
    const std::string& extra_ca_file) {
  auto file = std::make_shared<File>();
  file->path = system_roots_file();
  if (extra_ca_file.empty()) return file;
  file->fd = ::memfd_create("roots", MFD_CLOEXEC);
  const bool copied = file->fd >= 0 && append_file(file->fd, extra_ca_file) &&
                      (file->path.empty() || append_file(file->fd, file->path));
  if (!copied) return fail(Errc::kInternal, "the roots could not be copied into one file");
  file->path = "/proc/self/fd/" + std::to_string(file->fd);
  return file;
}

Result<TrustStore> TrustStore::load(const std::string& extra_ca_file) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  if (!store) return fail(Errc::kInternal, "OpenSSL could not make a certificate store");
  load_system_roots(store.get());
  const bool loaded =
      extra_ca_file.empty() || X509_STORE_load_file(store.get(), extra_ca_file.c_str()) == 1;
  ERR_clear_error();
  if (!loaded) {
    return fail(Errc::kInvalidArgument,
                "no PEM certificates could be read from the file of extra roots, " + extra_ca_file);
  }
  TRY(file, file_with(extra_ca_file));
  return TrustStore(std::move(store), std::move(file));
}

void TrustStore::install(SSL_CTX* context) const { SSL_CTX_set1_cert_store(context, store_.get()); }

bool expect_server_name(X509_VERIFY_PARAM* rules, const std::string& server_name) {
  if (server_name.empty()) return false;
  X509_VERIFY_PARAM_set_hostflags(
      rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (const auto literal = IpAddress::parse(server_name)) {
    return X509_VERIFY_PARAM_set1_ip(rules, literal->bytes.data(), literal->v6 ? 16 : 4) == 1;
  }
  return X509_VERIFY_PARAM_set1_host(rules, server_name.data(), server_name.size()) == 1;
}

}  // namespace verihook::net
