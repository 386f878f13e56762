#include "http/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/log.h"
#include "http/server_core.h"
#include "http/session.h"
#include "net/asio_endpoint.h"

namespace verihook::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr Milliseconds kAcceptRetryDelay{100};
constexpr std::chrono::seconds kAcceptLogInterval{1};
// Connections over the limit that are being told so at one time; more are closed without a word.
constexpr std::size_t kRefusalsAtOnceMax = 64;

bool is_exhaustion(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
         ec == asio::error::no_buffer_space ||
         ec == error_code(ENFILE, boost::system::system_category());
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, Timers& timers, IdMaker& ids, ServerOptions options,
       RequestHandler handler)
      : core_(std::make_shared<ServerCore>(executor, timers, ids, std::move(options),
                                           std::move(handler))),
        acceptor_(executor),
        retry_alarm_(std::make_unique<Alarm>(timers, executor)) {}

  Result<void> start();
  Task<void> stop(Deadline deadline);
  void abandon();
  const net::Endpoint& local_endpoint() const { return local_; }
  const ServerStats& stats() const { return core_->stats; }

 private:
  static Task<void> accept_loop(std::shared_ptr<Impl> self);
  Task<void> wait_after(const error_code& ec);
  void admit(tcp::socket socket);
  Result<void> bind_failure(std::string_view step, const error_code& ec) const;

  const std::shared_ptr<ServerCore> core_;
  tcp::acceptor acceptor_;
  net::Endpoint local_;
  WaitList retry_;  // the accept loop, while it waits for descriptors
  std::unique_ptr<Alarm> retry_alarm_;
  MonotonicTime complained_at_{};
};

Result<void> Server::Impl::bind_failure(std::string_view step, const error_code& ec) const {
  return fail(Errc::kInvalidArgument, "cannot " + std::string(step) + " " +
                                          core_->options.listen.to_string() + ": " + ec.message());
}

Result<void> Server::Impl::start() {
  const ServerOptions& options = core_->options;
  if (options.tls) {
    TRY(tls, ServerTls::load(*options.tls, core_->timers.clock()));
    core_->tls = std::move(tls);
  }
  const tcp::endpoint endpoint = net::to_asio(options.listen);
  error_code ec;
  acceptor_.open(endpoint.protocol(), ec);
  if (ec) return bind_failure("open a socket for", ec);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  acceptor_.bind(endpoint, ec);
  if (ec) return bind_failure("bind", ec);
  acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec) return bind_failure("listen on", ec);
  local_ = net::from_asio(acceptor_.local_endpoint(ec));
  asio::co_spawn(core_->executor, accept_loop(shared_from_this()), asio::detached);
  return {};
}

Task<void> Server::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (self->acceptor_.is_open()) {
    auto [ec, socket] = co_await self->acceptor_.async_accept(kAsTuple);
    if (!self->acceptor_.is_open()) co_return;
    if (ec) {
      co_await self->wait_after(ec);
    } else {
      self->admit(std::move(socket));
    }
  }
}

// Without descriptors accept fails at once and for ever: trying again at once would only burn the
// processor that could close connections.
Task<void> Server::Impl::wait_after(const error_code& ec) {
  if (!is_exhaustion(ec)) co_return;
  const MonotonicTime now = core_->timers.clock().monotonic_now();
  if (now - complained_at_ >= kAcceptLogInterval) {
    complained_at_ = now;
    log_error("cannot accept connections", {{"reason", ec.message()}});
  }
  if (core_->stopping) co_return;
  retry_alarm_->arm(Deadline::after(core_->timers.clock(), kAcceptRetryDelay),
                    [this] { retry_.wake_all(); });
  co_await retry_.wait();
}

void Server::Impl::admit(tcp::socket socket) {
  error_code ec;
  const tcp::endpoint remote = socket.remote_endpoint(ec);
  if (ec) return;  // gone already
  const net::Endpoint peer = net::from_asio(remote);
  const ServerLimits& limits = core_->options.limits;
  ++core_->stats.connections_accepted;
  const auto of_peer = core_->sessions_of_peer.find(peer.address);
  const bool peer_full = of_peer != core_->sessions_of_peer.end() &&
                         of_peer->second >= limits.connections_per_peer_max;
  const std::size_t open = core_->sessions.size();
  if (open >= limits.connections_max + kRefusalsAtOnceMax) return;
  if (peer_full && of_peer->second >= limits.connections_per_peer_max + kRefusalsAtOnceMax) return;
  const bool full = peer_full || open >= limits.connections_max;
  Session::start(core_, std::move(socket), peer, full ? Admission::kRefuse : Admission::kServe);
}

Task<void> Server::Impl::stop(Deadline deadline) {
  error_code ignored;
  acceptor_.close(ignored);
  core_->stopping = true;
  retry_.wake_all();
  for (Session* session : core_->sessions) session->close_if_idle();
  while (!core_->sessions.empty()) {
    if (!co_await core_->session_ended.wait(core_->timers, deadline)) break;
  }
  for (Session* session : core_->sessions) session->cancel();
  while (!core_->sessions.empty()) {
    if (!co_await core_->session_ended.wait()) co_return;
  }
  core_->sweep->disarm();
}

void Server::Impl::abandon() {
  error_code ignored;
  acceptor_.close(ignored);
  core_->stopping = true;
  core_->sweep.reset();
  retry_alarm_.reset();
  for (Session* session : core_->sessions) session->abandon();
}

Server::Server(asio::any_io_executor executor, Timers& timers, IdMaker& ids, ServerOptions options,
               RequestHandler handler)
    : impl_(std::make_shared<Impl>(std::move(executor), timers, ids, std::move(options),
                                   std::move(handler))) {}

Server::~Server() { impl_->abandon(); }

Result<void> Server::start() { return impl_->start(); }
net::Endpoint Server::local_endpoint() const { return impl_->local_endpoint(); }
Task<void> Server::stop(Deadline deadline) { return impl_->stop(deadline); }
const ServerStats& Server::stats() const { return impl_->stats(); }

}  // namespace verihook::http
