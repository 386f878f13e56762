#include "http/transport.h"

#include <array>
#include <poll.h>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>

namespace verihook::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kLingerReadBytes = 16 * 1024;

std::array<asio::const_buffer, 2> to_buffers(std::string_view head, std::string_view body) {
  return {asio::const_buffer(head.data(), head.size()),
          asio::const_buffer(body.data(), body.size())};
}

void drop_front(std::string_view& head, std::string_view& body, std::size_t bytes) {
  const std::size_t of_head = std::min(bytes, head.size());
  head.remove_prefix(of_head);
  body.remove_prefix(bytes - of_head);
}

}  // namespace

Transport::Transport(tcp::socket socket, Timers& timers)
    : socket_(std::move(socket)), timers_(timers) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  alarm_.emplace(timers_, socket_.get_executor());
}

Transport::~Transport() = default;

void Transport::set_due(MonotonicTime due) {
  interrupted_ = false;
  if (alarm_) alarm_->arm(Deadline::at(due), [this] { interrupt(); });
}

void Transport::interrupt() {
  interrupted_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

Error Transport::to_error(const error_code& ec) const {
  if (interrupted_) return {Errc::kTimeout, "the client was too slow"};
  if (ec == asio::error::operation_aborted)
    return {Errc::kCancelled, "the connection was given up"};
  if (ec == asio::error::eof || ec.category() != asio::error::get_ssl_category()) {
    return {Errc::kConnectionLost, "the client closed the connection"};
  }
  return {Errc::kTls, "TLS failed: " + ec.message()};
}

Task<Result<std::size_t>> Transport::read_some(std::span<char> buffer) {
  error_code ec;
  if (interrupted_) co_return std::unexpected(to_error(ec));
  const auto into = asio::buffer(buffer.data(), buffer.size());
  std::size_t bytes = 0;
  if (tls_) {
    std::tie(ec, bytes) = co_await tls_->async_read_some(into, kAsTuple);
  } else {
    std::tie(ec, bytes) = co_await socket_.async_read_some(into, kAsTuple);
  }
  if (ec) co_return std::unexpected(to_error(ec));
  co_return bytes;
}

Task<Result<void>> Transport::write(std::string_view head, std::string_view body,
                                    Milliseconds stall_max) {
  if (!tls_) {
    // Nearly always the kernel takes all of it at once, and then nothing has to wait.
    error_code ec;
    drop_front(head, body, socket_.write_some(to_buffers(head, body), ec));
    if (ec && ec != asio::error::would_block) co_return std::unexpected(to_error(ec));
  }
  while (!head.empty() || !body.empty()) {
    set_due(timers_.clock().monotonic_now() + stall_max);
    CO_TRY(bytes, co_await write_some(head, body));
    drop_front(head, body, bytes);
  }
  co_return Result<void>();
}

Task<Result<std::size_t>> Transport::write_some(std::string_view head, std::string_view body) {
  error_code ec;
  std::size_t bytes = 0;
  if (tls_) {
    const std::string_view first = head.empty() ? body : head;
    std::tie(ec, bytes) =
        co_await tls_->async_write_some(asio::buffer(first.data(), first.size()), kAsTuple);
  } else {
    std::tie(ec, bytes) = co_await socket_.async_write_some(to_buffers(head, body), kAsTuple);
  }
  if (ec) co_return std::unexpected(to_error(ec));
  co_return bytes;
}

Task<Result<void>> Transport::start_tls(asio::ssl::context& context, std::string_view received) {
  tls_.emplace(socket_, context);
  const auto [ec, bytes] = co_await tls_->async_handshake(
      asio::ssl::stream_base::server, asio::buffer(received.data(), received.size()), kAsTuple);
  if (ec) co_return std::unexpected(to_error(ec));
  co_return Result<void>();
}

Task<void> Transport::linger(std::size_t bytes_max, MonotonicTime due) {
  set_due(due);
  error_code ec;
  if (tls_) {
    // Sends close_notify and waits for the client's; what the client sends instead is an error here
    // and is dropped below, still encrypted.
    co_await tls_->async_shutdown(kAsTuple);
  }
  socket_.shutdown(tcp::socket::shutdown_send, ec);
  std::vector<char> dropped(kLingerReadBytes);
  std::size_t left = bytes_max;
  while (!ec && !interrupted_ && left > 0) {
    const auto into = asio::buffer(dropped.data(), std::min(left, dropped.size()));
    std::size_t bytes = 0;
    std::tie(ec, bytes) = co_await socket_.async_read_some(into, kAsTuple);
    left -= bytes;
  }
  // Completes when the connection is reset or closed on both sides.
  if (!ec && !interrupted_) co_await socket_.async_wait(tcp::socket::wait_error, kAsTuple);
}

bool Transport::is_peer_gone() const {
  struct pollfd watched{};
  // native_handle is not const in Asio, though it changes nothing.
  watched.fd = const_cast<tcp::socket&>(socket_).native_handle();
  watched.events = POLLRDHUP;
  return ::poll(&watched, 1, 0) > 0;
}

void Transport::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void Transport::close() {
  alarm_.reset();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace verihook::http
