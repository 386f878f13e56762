// TlsClient: the client's side of TLS on a connected TCP socket that does not block. OpenSSL reads
// and writes the descriptor itself, so that a connection on which nothing happens keeps no buffers:
// Asio's stream has 34 KB for each, and the pair of BIOs below it as many again. Operations end
// when the socket's are cancelled. Sending needs SIGPIPE ignored. One io thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <tuple>

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <openssl/ssl.h>

#include "async/task.h"

namespace verihook::net {

class TlsClient {
 public:
  // The socket outlives it, the context too. SSL_MODE_RELEASE_BUFFERS is the context's to set.
  TlsClient(asio::ip::tcp::socket& socket, SSL_CTX* context);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  SSL* native_handle() { return ssl_.get(); }

  // Errors are the system's, Asio's SSL category's, eof and stream_truncated.
  Task<boost::system::error_code> handshake();
  // At least one byte, and how many.
  Task<std::tuple<boost::system::error_code, std::size_t>> read_some(std::span<char> buffer);
  Task<std::tuple<boost::system::error_code, std::size_t>> write_all(std::string_view data);

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  // Why OpenSSL's function returned `result`, or nothing when the socket was waited for and it is
  // to be called again.
  Task<boost::system::error_code> wait_for_socket(int result);

  asio::ip::tcp::socket& socket_;
  const std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace verihook::net
