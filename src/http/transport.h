// Transport: one accepted connection, plain or TLS, with a deadline on whatever it waits for.
// Errors: kTimeout, kConnectionLost (also the peer's end of stream), kTls, kCancelled. One
// coroutine uses it at a time; one io thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "async/timers.h"
#include "base/result.h"

namespace verihook::http {

class Transport {
 public:
  Transport(asio::ip::tcp::socket socket, Timers& timers);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Until when the operations that follow may wait. Bytes that trickle in do not move it.
  void set_due(MonotonicTime due);

  Task<Result<std::size_t>> read_some(std::span<char> buffer);
  // Both pieces, one after the other; gives up when nothing moves for `stall_max`.
  Task<Result<void>> write(std::string_view head, std::string_view body, Milliseconds stall_max);

  // Goes on encrypted, as the server; the client has sent `received` already.
  Task<Result<void>> start_tls(asio::ssl::context& context, std::string_view received);
  bool is_tls() const { return tls_.has_value(); }

  // Says that nothing more will be sent, then reads and drops what still comes, so that the client
  // is not reset before it has read our last answer. Past `bytes_max` it stops reading, and the
  // client is held by its window, until the deadline or until it goes.
  Task<void> linger(std::size_t bytes_max, MonotonicTime due);

  // Whether the peer has closed or reset; a poll of the socket, for one that is not being read.
  bool is_peer_gone() const;
  // Ends the operation that is waiting, as if its deadline had passed.
  void interrupt();
  // Closes with a reset, so that the peer cannot take what it has for all there was.
  void reset();
  void close();

 private:
  Error to_error(const boost::system::error_code& ec) const;
  Task<Result<std::size_t>> write_some(std::string_view head, std::string_view body);

  asio::ip::tcp::socket socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  Timers& timers_;
  std::optional<Alarm> alarm_;
  bool interrupted_ = false;
};

}  // namespace verihook::http
