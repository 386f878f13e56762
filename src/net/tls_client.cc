#include "net/tls_client.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>

namespace verihook::net {
namespace {

using boost::system::error_code;

// OpenSSL takes an int; whoever has more calls again.
int count_for_openssl(std::size_t size) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(size, kMost));
}

error_code system_error() {
  const int code = errno;
  // The other side closed without saying so.
  if (code == 0) return asio::ssl::error::stream_truncated;
  return {code, boost::system::system_category()};
}

error_code library_error() {
  const unsigned long code = ERR_get_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return asio::ssl::error::stream_truncated;
  }
  return {static_cast<int>(code), asio::error::get_ssl_category()};
}

}  // namespace

TlsClient::TlsClient(asio::ip::tcp::socket& socket, SSL_CTX* context)
    : socket_(socket), ssl_(SSL_new(context)) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket.native_handle()) != 1) throw std::bad_alloc();
  SSL_set_connect_state(ssl_.get());
}

Task<error_code> TlsClient::handshake() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) co_return error_code();
    if (const error_code error = co_await wait_for_socket(result)) co_return error;
  }
}

Task<std::tuple<error_code, std::size_t>> TlsClient::read_some(std::span<char> buffer) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), buffer.data(), count_for_openssl(buffer.size()));
    if (result > 0) co_return std::tuple(error_code(), static_cast<std::size_t>(result));
    if (const error_code error = co_await wait_for_socket(result)) co_return std::tuple(error, 0);
  }
}

Task<std::tuple<error_code, std::size_t>> TlsClient::write_all(std::string_view data) {
  std::size_t written = 0;
  while (written < data.size()) {
    const std::string_view left = data.substr(written);
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), left.data(), count_for_openssl(left.size()));
    if (result > 0) {
      written += static_cast<std::size_t>(result);
    } else if (const error_code error = co_await wait_for_socket(result)) {
      co_return std::tuple(error, written);
    }
  }
  co_return std::tuple(error_code(), written);
}

Task<error_code> TlsClient::wait_for_socket(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: {
      const auto [error] = co_await socket_.async_wait(asio::socket_base::wait_read, kAsTuple);
      co_return error;
    }
    case SSL_ERROR_WANT_WRITE: {
      const auto [error] = co_await socket_.async_wait(asio::socket_base::wait_write, kAsTuple);
      co_return error;
    }
    case SSL_ERROR_ZERO_RETURN:
      co_return asio::error::eof;
    case SSL_ERROR_SYSCALL:
      co_return system_error();
    default:
      co_return library_error();
  }
}

}  // namespace verihook::net
