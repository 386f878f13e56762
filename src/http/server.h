// Server: HTTP/1.1 over TCP or TLS, Beast's parser behind a strict guard. Framing that two programs
// could read differently is refused (RFC 9112, and more strictly where the RFC allows leniency):
// see guard.h. Every wait has a deadline and every size a limit. Lives on one io thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/timers.h"
#include "base/ids.h"
#include "http/message.h"

namespace verihook::http {

struct ServerLimits {
  std::size_t request_line_bytes_max = 8 * 1024;
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t header_fields_max = 100;
  std::size_t connections_max = 10'000;
  std::size_t connections_per_peer_max = 10'000;
  std::size_t requests_per_connection_max = 10'000;
  std::size_t in_flight_requests_max = 1'000;
  Milliseconds header_deadline_ms{10'000};  // from the first byte of a request to its last header
  Milliseconds idle_deadline_ms{60'000};    // between requests
  Milliseconds body_deadline_ms{300'000};   // for a whole body …
  std::size_t body_bytes_per_second_min = 500;  // … and not slower than this on average
  Milliseconds write_deadline_ms{60'000};       // without progress
  Milliseconds tls_handshake_deadline_ms{10'000};
  Milliseconds linger_deadline_ms{2'000};  // draining after an early error answer
  std::size_t linger_bytes_max = 64 * 1024;
};

struct TlsFiles {
  std::string certificate;  // PEM chain
  std::string key;          // PEM
};

struct ServerOptions {
  net::Endpoint listen;
  std::optional<TlsFiles> tls;  // HTTPS when set; the files are read again when they change
  ServerLimits limits;
  // Peers that begin each connection with a PROXY protocol header (version 2), which says whose it
  // is. They must send one, and from nobody else is one taken.
  std::vector<net::Cidr> proxy_protocol;
};

// What the server counts, for /metrics.
struct ServerStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // by the guard or a limit, before any handler
  std::uint64_t responses_5xx = 0;
};

class Server {
 public:
  using RequestHandler = std::function<Task<Response>(Request&)>;

  // Everything passed by reference must outlive the server. The handler is called on the io thread;
  // if it throws, the client sees a plain 500 and the log the reason.
  Server(asio::any_io_executor executor, Timers& timers, IdMaker& ids, ServerOptions options,
         RequestHandler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens; fails with the reason when the address is taken or a certificate is bad.
  Result<void> start();
  // The address in use; tells the port when 0 was asked for.
  net::Endpoint local_endpoint() const;
  // Stops accepting, lets requests in flight end until the deadline, then closes what is left.
  Task<void> stop(Deadline deadline);
  const ServerStats& stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace verihook::http
