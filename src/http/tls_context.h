// ServerTls: the server's certificate and how it speaks TLS, after Mozilla's "intermediate"
// profile 5.7: TLS 1.2 and 1.3, ECDHE with AEAD ciphers only, no renegotiation, no compression, no
// tickets, no session cache. The two files are read again when they change, so that renewing a
// certificate needs no restart; while what is there cannot be used, the last good one stays and the
// log says why. One io thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "http/server.h"

namespace verihook::http {

class ServerTls {
 public:
  // kTls when a file cannot be read, or the key is not the certificate's.
  static Result<std::unique_ptr<ServerTls>> load(TlsFiles files, const Clock& clock);

  // For a new connection. Looks at the files at most once a second.
  boost::asio::ssl::context& current();

 private:
  // What tells one version of a file from the next.
  struct FileVersion {
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t bytes = 0;

    friend bool operator==(const FileVersion&, const FileVersion&) = default;
  };
  using Versions = std::array<FileVersion, 2>;

  ServerTls(TlsFiles files, const Clock& clock) : files_(std::move(files)), clock_(clock) {}
  Result<void> reload();
  Versions look() const;

  const TlsFiles files_;
  const Clock& clock_;
  std::unique_ptr<boost::asio::ssl::context> context_;
  Versions versions_;
  MonotonicTime looked_at_{};
};

}  // namespace verihook::http
