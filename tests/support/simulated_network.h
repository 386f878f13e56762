// SimulatedNetwork: Network in memory, for tests under virtual time. A test registers, per
// endpoint, a script that plays the server on each connection, and the faults of the way there.
// What nobody registered refuses connections. Everything runs on the test's io thread; the same
// seed takes the same course. The network outlives its streams; a script that reads sees its client
// close.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task_group.h"
#include "async/timers.h"
#include "base/random.h"
#include "net/network.h"

namespace verihook::testing {

// The certificate that a simulated server shows.
struct SimulatedCertificate {
  std::vector<std::string> names;
  bool trusted = true;
};

// What is wrong with the way to a server. Byte counts are of one connection, server to client.
struct SimulatedFaults {
  bool never_answer = false;  // connecting hangs until the caller's deadline
  Milliseconds connect_latency{0};
  Milliseconds latency{0};  // one way, each way
  std::optional<std::size_t> reset_after_bytes = {};
  std::optional<std::size_t> close_after_bytes = {};
  bool split_reads = false;  // reads return pieces of random size, from one byte on
};

struct SimulatedConnection;  // the two directions between client and server

// The server's end of a connection, in the hands of a script.
class SimulatedPeer {
 public:
  SimulatedPeer(std::shared_ptr<SimulatedConnection> connection, net::Endpoint local,
                std::optional<net::IpAddress> client_source);

  // A line without its CRLF. Errors: kConnectionLost, kTimeout.
  Task<Result<std::string>> read_line(Deadline deadline = Deadline::never());
  Task<Result<std::size_t>> read_some(std::span<char> buffer,
                                      Deadline deadline = Deadline::never());
  // False when the client is gone. Never waits.
  bool write(std::string_view data);
  // Waits for the client's start_tls and answers it. False when the client refuses the certificate,
  // is gone, or finds plain bytes that were sent before the handshake.
  Task<bool> accept_tls(SimulatedCertificate certificate);
  // Waits for the client's start_tls and fails it.
  Task<void> refuse_tls();
  void close();
  void reset();

  // How many connections this endpoint has had, this one included.
  std::size_t number = 0;
  const net::Endpoint& local() const { return local_; }
  const std::optional<net::IpAddress>& client_source() const { return client_source_; }
  // The SNI of the client's start_tls; empty before.
  const std::string& server_name() const;

 private:
  std::shared_ptr<SimulatedConnection> connection_;
  net::Endpoint local_;
  std::optional<net::IpAddress> client_source_;
  std::string unread_;
};

using PeerScript = std::function<Task<void>(SimulatedPeer&)>;

class SimulatedNetwork final : public net::Network {
 public:
  SimulatedNetwork(const asio::any_io_executor& executor, Timers& timers, std::uint64_t seed = 1);

  // Replaces what stood there. The script is called for each connection and may be a lambda with
  // captures: the network keeps it. The connection closes when the script returns.
  void listen(const net::Endpoint& endpoint, PeerScript script, SimulatedFaults faults = {});
  void set_faults(const net::Endpoint& endpoint, SimulatedFaults faults);
  void refuse(const net::Endpoint& endpoint) { servers_.erase(endpoint); }

  Task<Result<std::unique_ptr<net::Stream>>> connect(net::Endpoint target,
                                                     net::ConnectOptions options,
                                                     Deadline deadline) override;

  // Connections asked for, in order, whatever became of them.
  const std::vector<net::Endpoint>& attempts() const { return attempts_; }
  std::size_t attempts_to(const net::Endpoint& endpoint) const;
  // Connections that a script is serving now, and the most there ever were at once.
  std::size_t open() const { return scripts_.size(); }
  std::size_t open_max() const { return open_max_; }

  // Ends all scripts; await it before the network goes, unless the io context is done for good.
  Task<void> stop();

 private:
  struct Server {
    PeerScript script;
    SimulatedFaults faults;
    std::size_t connections = 0;
  };

  Task<void> serve(std::shared_ptr<Server> server, std::shared_ptr<SimulatedConnection> connection,
                   net::Endpoint local, std::optional<net::IpAddress> client_source,
                   std::size_t number);

  asio::any_io_executor executor_;
  Timers& timers_;
  SeededRandom random_;
  std::map<net::Endpoint, std::shared_ptr<Server>> servers_;
  std::vector<net::Endpoint> attempts_;
  std::size_t open_max_ = 0;
  TaskGroup scripts_;
};

}  // namespace verihook::testing
