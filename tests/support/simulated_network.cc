#include "tests/support/simulated_network.h"

#include <algorithm>
#include <array>
#include <deque>

#include "async/wait_list.h"
#include "base/text.h"

namespace verihook::testing {
namespace {

using net::Endpoint;

Error lost() { return {Errc::kConnectionLost, "the other side closed the connection"}; }

}  // namespace

// One direction of a connection: pieces that become visible after the latency.
class Pipe {
 public:
  Pipe(Timers& timers, Milliseconds latency) : timers_(timers), latency_(latency) {}

  // False when the way is cut.
  bool write(std::string_view data) {
    if (closed_ || reset_) return false;
    if (!data.empty()) pieces_.push_back({arrival(), std::string(data)});
    changed_.wake_all();
    return true;
  }
  // What is on its way still arrives.
  void close() {
    if (closed_) return;
    closed_ = true;
    closed_at_ = arrival();
    changed_.wake_all();
  }
  // What is on its way is lost.
  void reset() {
    reset_ = true;
    pieces_.clear();
    changed_.wake_all();
  }
  bool gone() const { return closed_ || reset_; }
  bool empty() const { return pieces_.empty(); }

  Task<Result<std::size_t>> read(std::span<char> buffer, Deadline deadline, Random* splitter) {
    for (;;) {
      const MonotonicTime now = timers_.clock().monotonic_now();
      if (reset_) co_return fail(Errc::kConnectionLost, "the other side reset the connection");
      if (!pieces_.empty() && pieces_.front().visible_at <= now) co_return take(buffer, splitter);
      if (pieces_.empty() && closed_ && closed_at_ <= now) co_return std::unexpected(lost());
      if (deadline.passed(timers_.clock())) {
        co_return fail(Errc::kTimeout, "the other side did not answer in time");
      }
      if (!co_await wait_for_change(deadline)) {
        co_return fail(Errc::kCancelled, "the operation was cancelled");
      }
    }
  }

 private:
  struct Piece {
    MonotonicTime visible_at;
    std::string bytes;
  };

  MonotonicTime arrival() const { return timers_.clock().monotonic_now() + latency_; }

  std::size_t take(std::span<char> buffer, Random* splitter) {
    std::string& bytes = pieces_.front().bytes;
    std::size_t count = std::min(buffer.size(), bytes.size());
    if (splitter && count > 1) count = 1 + splitter->below(count);
    std::copy_n(bytes.begin(), count, buffer.begin());
    bytes.erase(0, count);
    if (bytes.empty()) pieces_.pop_front();
    return count;
  }

  // Until a write, a close, the next arrival or the deadline. False when cancelled.
  Task<bool> wait_for_change(Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    Deadline next = deadline;
    if (!pieces_.empty()) {
      next = next.sooner(Deadline::at(pieces_.front().visible_at));
    } else if (closed_) {
      next = next.sooner(Deadline::at(closed_at_));
    }
    Alarm alarm(timers_, executor);
    alarm.arm(next, [this] { changed_.wake_all(); });
    co_return co_await changed_.wait();
  }

  Timers& timers_;
  const Milliseconds latency_;
  std::deque<Piece> pieces_;
  WaitList changed_;
  bool closed_ = false;
  MonotonicTime closed_at_{};
  bool reset_ = false;
};

enum class TlsState {
  kPlain,      // nobody has asked for TLS
  kAsked,      // the client waits for the server
  kOffered,    // the server has shown its certificate
  kEncrypted,  // both agree
  kFailed,     // the handshake failed
};

struct SimulatedConnection {
  SimulatedConnection(Timers& timers, const SimulatedFaults& with, Random& random)
      : faults(with),
        splitter(with.split_reads ? &random : nullptr),
        to_server(timers, with.latency),
        to_client(timers, with.latency) {}

  void cut(bool with_reset) {
    for (Pipe* pipe : {&to_server, &to_client}) with_reset ? pipe->reset() : pipe->close();
    set_tls(tls == TlsState::kAsked || tls == TlsState::kOffered ? TlsState::kFailed : tls);
  }
  void set_tls(TlsState state) {
    tls = state;
    tls_changed.wake_all();
  }

  // The server writes: here the faults that count bytes strike.
  bool write_to_client(std::string_view data) {
    const std::size_t limit = std::min(faults.reset_after_bytes.value_or(std::string::npos),
                                       faults.close_after_bytes.value_or(std::string::npos));
    const std::size_t room = limit - std::min(limit, written);
    const bool fits = data.size() < room || limit == std::string::npos;
    if (!to_client.write(data.substr(0, room))) return false;
    written += data.size();
    if (fits) return true;
    if (faults.reset_after_bytes) reset_when_read = true;
    cut(false);
    return false;
  }

  const SimulatedFaults faults;
  Random* const splitter;
  Pipe to_server;
  Pipe to_client;
  std::size_t written = 0;
  bool reset_when_read = false;
  TlsState tls = TlsState::kPlain;
  std::string server_name;
  SimulatedCertificate certificate;
  WaitList tls_changed;
};

namespace {

class SimulatedStream final : public net::Stream {
 public:
  SimulatedStream(std::shared_ptr<SimulatedConnection> connection, Timers& timers,
                  const Endpoint& peer)
      : connection_(std::move(connection)), timers_(timers), peer_(peer) {}
  ~SimulatedStream() override { close(); }

  Task<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) override {
    const auto connection = connection_;
    auto count = co_await connection->to_client.read(buffer, deadline, connection->splitter);
    if (!count && count.error().code == Errc::kConnectionLost && connection->reset_when_read) {
      co_return fail(Errc::kConnectionLost, "the other side reset the connection");
    }
    co_return count;
  }

  Task<Result<void>> write_all(std::string_view data, Deadline deadline) override {
    if (deadline.passed(timers_.clock())) {
      co_return fail(Errc::kTimeout, "the other side did not answer in time");
    }
    if (!connection_->to_server.write(data)) co_return std::unexpected(lost());
    co_return Result<void>{};
  }

  Task<Result<void>> start_tls(std::string server_name, net::TlsVerification verification,
                               Deadline deadline) override {
    const auto connection = connection_;
    connection->server_name = server_name;
    connection->set_tls(TlsState::kAsked);
    const auto executor = co_await asio::this_coro::executor;
    Alarm alarm(timers_, executor);
    alarm.arm(deadline, [&connection] { connection->tls_changed.wake_all(); });
    while (connection->tls == TlsState::kAsked) {
      if (connection->to_client.gone()) co_return std::unexpected(lost());
      if (deadline.passed(timers_.clock())) {
        co_return fail(Errc::kTimeout, "the other side did not answer in time");
      }
      if (!co_await connection->tls_changed.wait()) {
        co_return fail(Errc::kCancelled, "the operation was cancelled");
      }
    }
    co_return judge(server_name, verification);
  }

  void close() override { connection_->cut(false); }
  Endpoint peer() const override { return peer_; }

 private:
  Result<void> judge(const std::string& server_name, net::TlsVerification verification) {
    // Plain bytes in front of the handshake are no TLS record.
    bool good = connection_->tls == TlsState::kOffered && connection_->to_client.empty();
    if (good && verification == net::TlsVerification::kStrict) {
      const auto& certificate = connection_->certificate;
      good = certificate.trusted &&
             std::ranges::find(certificate.names, server_name) != certificate.names.end();
    }
    connection_->set_tls(good ? TlsState::kEncrypted : TlsState::kFailed);
    if (!good) return fail(Errc::kTls, "TLS failed: the simulated handshake was refused");
    return {};
  }

  std::shared_ptr<SimulatedConnection> connection_;
  Timers& timers_;
  Endpoint peer_;
};

}  // namespace

SimulatedPeer::SimulatedPeer(std::shared_ptr<SimulatedConnection> connection, Endpoint local,
                             std::optional<net::IpAddress> client_source)
    : connection_(std::move(connection)), local_(local), client_source_(client_source) {}

Task<Result<std::string>> SimulatedPeer::read_line(Deadline deadline) {
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      co_return line;
    }
    std::array<char, 4096> buffer;
    const auto pipe = connection_;
    CO_TRY(count, co_await pipe->to_server.read(buffer, deadline, nullptr));
    unread_.append(buffer.data(), count);
  }
}

Task<Result<std::size_t>> SimulatedPeer::read_some(std::span<char> buffer, Deadline deadline) {
  if (unread_.empty()) {
    co_return co_await connection_->to_server.read(buffer, deadline, nullptr);
  }
  const std::size_t count = std::min(buffer.size(), unread_.size());
  std::copy_n(unread_.begin(), count, buffer.begin());
  unread_.erase(0, count);
  co_return count;
}

bool SimulatedPeer::write(std::string_view data) { return connection_->write_to_client(data); }

Task<bool> SimulatedPeer::accept_tls(SimulatedCertificate certificate) {
  auto& c = *connection_;
  while (c.tls == TlsState::kPlain && !c.to_server.gone()) {
    if (!co_await c.tls_changed.wait()) co_return false;
  }
  if (c.tls != TlsState::kAsked) co_return false;
  c.certificate = std::move(certificate);
  c.set_tls(TlsState::kOffered);
  while (c.tls == TlsState::kOffered) {
    if (!co_await c.tls_changed.wait()) co_return false;
  }
  co_return c.tls == TlsState::kEncrypted;
}

Task<void> SimulatedPeer::refuse_tls() {
  auto& c = *connection_;
  while (c.tls == TlsState::kPlain && !c.to_server.gone()) {
    if (!co_await c.tls_changed.wait()) co_return;
  }
  if (c.tls == TlsState::kAsked) c.set_tls(TlsState::kFailed);
}

void SimulatedPeer::close() { connection_->cut(false); }
void SimulatedPeer::reset() { connection_->cut(true); }
const std::string& SimulatedPeer::server_name() const { return connection_->server_name; }

SimulatedNetwork::SimulatedNetwork(const asio::any_io_executor& executor, Timers& timers,
                                   std::uint64_t seed)
    : executor_(executor),
      timers_(timers),
      random_(seed),
      scripts_(executor, "simulated network") {}

void SimulatedNetwork::listen(const Endpoint& endpoint, PeerScript script, SimulatedFaults faults) {
  servers_[endpoint] = std::make_shared<Server>(Server{std::move(script), faults});
}

void SimulatedNetwork::set_faults(const Endpoint& endpoint, SimulatedFaults faults) {
  servers_.at(endpoint)->faults = faults;
}

std::size_t SimulatedNetwork::attempts_to(const Endpoint& endpoint) const {
  return static_cast<std::size_t>(std::ranges::count(attempts_, endpoint));
}

Task<Result<std::unique_ptr<net::Stream>>> SimulatedNetwork::connect(net::Endpoint target,
                                                                     net::ConnectOptions options,
                                                                     Deadline deadline) {
  attempts_.push_back(target);
  const auto found = servers_.find(target);
  if (found == servers_.end()) {
    co_return fail(Errc::kConnectionRefused, "the other side refused the connection");
  }
  const std::shared_ptr<Server> server = found->second;
  const Deadline ready = server->faults.never_answer
                             ? Deadline::never()
                             : Deadline::after(timers_.clock(), server->faults.connect_latency +
                                                                    2 * server->faults.latency);
  const Deadline end = ready.sooner(deadline);
  if (!end.passed(timers_.clock())) co_await sleep_until(timers_, end.time());
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_return fail(Errc::kCancelled, "connecting was cancelled");
  }
  if (!ready.passed(timers_.clock())) {
    co_return fail(Errc::kTimeout, "the other side did not answer in time");
  }
  auto connection = std::make_shared<SimulatedConnection>(timers_, server->faults, random_);
  const std::size_t number = ++server->connections;
  scripts_.spawn(target.to_string(), serve(server, connection, target, options.source, number));
  open_max_ = std::max(open_max_, scripts_.size());
  co_return std::make_unique<SimulatedStream>(std::move(connection), timers_, target);
}

Task<void> SimulatedNetwork::serve(std::shared_ptr<Server> server,
                                   std::shared_ptr<SimulatedConnection> connection,
                                   net::Endpoint local, std::optional<net::IpAddress> client_source,
                                   std::size_t number) {
  SimulatedPeer peer(connection, local, client_source);
  peer.number = number;
  co_await server->script(peer);
  peer.close();
}

Task<void> SimulatedNetwork::stop() {
  scripts_.cancel();
  co_await scripts_.join();
}

}  // namespace verihook::testing
