// Network: the way to other hosts. RealNetwork (real_network.h) uses Asio sockets;
// tests/support/simulated_network.h answers from scripts. One io thread; a Network outlives its
// Streams.
//
// A Stream is a connected byte stream. Each call takes the deadline by which it must have ended,
// and bytes that trickle in do not extend it. After any failure but kTimeout on read the stream is
// good for nothing but close. Errors: kTimeout, kCancelled, kConnectionRefused, kConnectionLost
// (also a read after the peer's end of stream), kUnreachable, kForbiddenAddress, kTls. Connecting
// through a proxy may also fail for the proxy's own sake, which says nothing about the target:
// is_proxy_failure() tells.
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

// A SOCKS5 server (RFC 1928) that connects in our place. It is the operator's, so the address
// filter does not judge it; targets are judged all the same, and it is never given a name to
// resolve.
struct SocksProxy {
  Endpoint endpoint;
  std::string user;  // at most 255 bytes; empty: without authentication
  std::string password;

  friend bool operator==(const SocksProxy&, const SocksProxy&) = default;
};

struct ConnectOptions {
  std::optional<IpAddress> source = {};  // bind to this local address first
  std::optional<SocksProxy> proxy = {};  // then go through this
};

// Whether connecting failed because the proxy did: kNotFound (it cannot be reached), kUnauthorized
// (it does not take our password, or none), kForbidden (its rules refuse the target), kUnsupported
// (it does not speak SOCKS5 or cannot do what was asked). None of them is about the target.
constexpr bool is_proxy_failure(Errc code) {
  return code == Errc::kNotFound || code == Errc::kUnauthorized || code == Errc::kForbidden ||
         code == Errc::kUnsupported;
}

class Network {
 public:
  virtual ~Network() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint target, ConnectOptions options,
                                                        Deadline deadline) = 0;
};

}  // namespace verihook::net
