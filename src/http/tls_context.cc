#include "http/tls_context.h"

#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/log.h"

namespace verihook::http {
namespace {

constexpr std::chrono::seconds kLookInterval{1};

// Mozilla's server-side TLS guidelines 5.7, "intermediate", without the DHE suites.
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";

// ALPN, RFC 7301: HTTP/1.1, or no connection when the client insists on something else.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  constexpr std::string_view kOurs = "\x08http/1.1";
  // SSL_select_next_proto writes through a plain pointer, but into neither list.
  auto* chosen = const_cast<unsigned char**>(out);
  const auto* ours = reinterpret_cast<const unsigned char*>(kOurs.data());
  const int found =
      SSL_select_next_proto(chosen, out_length, ours, kOurs.size(), offered, offered_length);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::unexpected<Error> tls_failure(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return fail(Errc::kTls, what + (reason == nullptr ? "" : ": " + std::string(reason)));
}

Result<void> configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Idle connections give their 34 KB of record buffers back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // A key with a pass phrase is an error, not a question on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(context, kCiphers12) != 1 ||
      SSL_CTX_set_ciphersuites(context, kCiphers13) != 1 ||
      SSL_CTX_set1_groups_list(context, kGroups) != 1) {
    return tls_failure("OpenSSL does not know the ciphers of this program");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ServerTls>> ServerTls::load(TlsFiles files, const Clock& clock) {
  std::unique_ptr<ServerTls> tls(new ServerTls(std::move(files), clock));
  tls->versions_ = tls->look();
  tls->looked_at_ = clock.monotonic_now();
  TRY_VOID(tls->reload());
  return tls;
}

boost::asio::ssl::context& ServerTls::current() {
  const MonotonicTime now = clock_.monotonic_now();
  if (now - looked_at_ < kLookInterval) return *context_;
  looked_at_ = now;
  const Versions found = look();
  if (found == versions_) return *context_;
  // Remembered also when it is bad: it is tried, and complained about, once.
  versions_ = found;
  if (const auto reloaded = reload(); !reloaded) {
    log_error("the new TLS certificate cannot be used, the old one stays",
              {{"certificate", files_.certificate}, {"reason", reloaded.error().message}});
  } else {
    log_info("the TLS certificate was read again", {{"certificate", files_.certificate}});
  }
  return *context_;
}

Result<void> ServerTls::reload() {
  namespace ssl = boost::asio::ssl;
  auto fresh = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = fresh->native_handle();
  TRY_VOID(configure(native));
  if (SSL_CTX_use_certificate_chain_file(native, files_.certificate.c_str()) != 1) {
    return tls_failure("the TLS certificate " + files_.certificate + " cannot be read");
  }
  if (SSL_CTX_use_PrivateKey_file(native, files_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_failure("the TLS key " + files_.key + " cannot be read or is not the certificate's");
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return tls_failure("the TLS key " + files_.key + " is not the certificate's");
  }
  context_ = std::move(fresh);
  return {};
}

ServerTls::Versions ServerTls::look() const {
  const auto version = [](const std::string& path) -> FileVersion {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_mtim.tv_sec * 1'000'000'000L + status.st_mtim.tv_nsec,
            status.st_size};
  };
  return {version(files_.certificate), version(files_.key)};
}

}  // namespace verihook::http
