// Network: the way to other hosts. RealNetwork (real_network.h) uses Asio sockets;
// tests/support/simulated_network.h answers from scripts. One io thread; a Network outlives its
// Streams.
//
// A Stream is a connected byte stream. Each call takes the deadline by which it must have ended,
// and bytes that trickle in do not extend it. After any failure but kTimeout on read the stream is
// good for nothing but close. Errors: kTimeout, kCancelled, kConnectionRefused, kConnectionLost
// (also a read after the peer's end of stream), kUnreachable, kForbiddenAddress, kTls.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "net/ip.h"

namespace verihook::net {

// Whose certificate a TLS client accepts.
enum class TlsVerification {
  kOpportunistic,  // encrypt, whoever it is: what SMTP between strangers does (RFC 7435)
  kStrict,         // chain to a trusted root and matching host name
};

class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte into the front of `buffer`; the count.
  virtual Task<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) = 0;
  virtual Task<Result<void>> write_all(std::string_view data, Deadline deadline) = 0;
  // Goes on encrypted, as the client. `server_name` is sent as SNI and checked when strict.
  virtual Task<Result<void>> start_tls(std::string server_name, TlsVerification verification,
                                       Deadline deadline) = 0;
  virtual void close() = 0;
  virtual Endpoint peer() const = 0;
};

struct ConnectOptions {
  std::optional<IpAddress> source;  // bind to this local address first
};

class Network {
 public:
  virtual ~Network() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint target, ConnectOptions options,
                                                        Deadline deadline) = 0;
};

}  // namespace verihook::net
