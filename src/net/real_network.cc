#include "net/real_network.h"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include "net/asio_endpoint.h"
#include "net/socks5.h"
#include "net/tls_client.h"

namespace verihook::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// What an error of a connected stream means to its user.
Error stream_error(const error_code& error) {
  if (error == asio::error::operation_aborted)
    return {Errc::kCancelled, "the operation was cancelled"};
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return {Errc::kConnectionLost, "the other side closed the connection"};
  }
  if (error.category() == asio::error::get_ssl_category()) {
    return {Errc::kTls, "TLS failed: " + error.message()};
  }
  return {Errc::kConnectionLost, "the connection was lost: " + error.message()};
}

Error connect_error(const error_code& error) {
  if (error == asio::error::operation_aborted)
    return {Errc::kCancelled, "connecting was cancelled"};
  if (error == asio::error::connection_refused) {
    return {Errc::kConnectionRefused, "the other side refused the connection"};
  }
  if (error == asio::error::timed_out) {
    return {Errc::kTimeout, "the other side did not answer in time"};
  }
  if (error == asio::error::connection_reset) {
    return {Errc::kConnectionLost, "the other side reset the connection"};
  }
  return {Errc::kUnreachable, "the other side cannot be reached: " + error.message()};
}

class RealStream final : public Stream {
 public:
  RealStream(const asio::any_io_executor& executor, Timers& timers, asio::ssl::context& strict,
             asio::ssl::context& opportunistic)
      : socket_(executor),
        timers_(timers),
        alarm_(timers, executor),
        strict_(strict),
        opportunistic_(opportunistic) {}

  Result<void> open_and_bind(const Endpoint& target, const std::optional<IpAddress>& source);
  Task<Result<void>> connect(Endpoint target, Deadline deadline);
  Task<Result<void>> connect_through(SocksProxy proxy, Endpoint target, Deadline deadline);
  // What the operating system says is at the other end.
  Result<Endpoint> connected_to() const {
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    if (error) return fail(Errc::kConnectionLost, "the other side closed the connection");
    return from_asio(endpoint);
  }

  Task<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) override;
  Task<Result<void>> write_all(std::string_view data, Deadline deadline) override;
  Task<Result<void>> start_tls(std::string server_name, TlsVerification verification,
                               Deadline deadline) override;
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  Endpoint peer() const override { return peer_; }

 private:
  // One operation at a time has the deadline; when it passes, the socket's operations are
  // cancelled.
  bool begin(Deadline deadline);
  Error end(const error_code& error);
  Result<void> name_server(const std::string& server_name, TlsVerification verification);
  std::size_t write_at_once(std::string_view data);

  tcp::socket socket_;
  Timers& timers_;
  Alarm alarm_;
  asio::ssl::context& strict_;
  asio::ssl::context& opportunistic_;
  std::unique_ptr<TlsClient> tls_;
  Endpoint peer_;
  bool timed_out_ = false;
};

bool RealStream::begin(Deadline deadline) {
  timed_out_ = deadline.passed(timers_.clock());
  if (timed_out_) return false;
  alarm_.arm(deadline, [this] {
    timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
  });
  return true;
}

Error RealStream::end(const error_code& error) {
  if (timed_out_) return {Errc::kTimeout, "the other side did not answer in time"};
  return stream_error(error);
}

Result<void> RealStream::open_and_bind(const Endpoint& target,
                                       const std::optional<IpAddress>& source) {
  error_code error;
  socket_.open(target.address.v6 ? tcp::v6() : tcp::v4(), error);
  if (error) return fail(Errc::kInternal, "a socket could not be opened: " + error.message());
  socket_.set_option(tcp::no_delay(true), error);
  socket_.non_blocking(true, error);
  if (!source) return {};
  if (source->v6 != target.address.v6) {
    return fail(Errc::kUnreachable, "the source address is of another family than the target");
  }
  // The port is chosen at connect, per target; else 28,000 connections use all ports of an address.
  const int on = 1;
  setsockopt(socket_.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  socket_.bind(to_asio({*source, 0}), error);
  if (error) {
    return fail(Errc::kUnreachable,
                "the source address is not one of this host: " + error.message());
  }
  return {};
}

Task<Result<void>> RealStream::connect(Endpoint target, Deadline deadline) {
  if (!begin(deadline)) co_return std::unexpected(end({}));
  const auto [error] = co_await socket_.async_connect(to_asio(target), kAsTuple);
  alarm_.mute();
  if (error) co_return std::unexpected(timed_out_ ? end(error) : connect_error(error));
  peer_ = target;
  co_return Result<void>{};
}

Task<Result<void>> RealStream::connect_through(SocksProxy proxy, Endpoint target,
                                               Deadline deadline) {
  Socks5Handshake handshake(proxy, target);
  if (const auto there = co_await connect(proxy.endpoint, deadline); !there) {
    co_return std::unexpected(handshake.interrupted(there.error()));
  }
  std::array<char, 512> buffer;  // more than any part of the handshake
  std::string_view received;
  for (;;) {
    const auto action = handshake.resume(std::exchange(received, {}));
    switch (action.kind) {
      case Socks5Handshake::Action::Kind::kDone:
        peer_ = target;
        co_return Result<void>{};
      case Socks5Handshake::Action::Kind::kFailed:
        co_return std::unexpected(action.error);
      case Socks5Handshake::Action::Kind::kSend: {
        const auto sent = co_await write_all(action.bytes, deadline);
        if (!sent) co_return std::unexpected(handshake.interrupted(sent.error()));
        break;
      }
      case Socks5Handshake::Action::Kind::kReceive: {
        const auto room = std::min(buffer.size(), action.receive_bytes_max);
        const auto count = co_await read_some(std::span(buffer).first(room), deadline);
        if (!count) co_return std::unexpected(handshake.interrupted(count.error()));
        received = {buffer.data(), *count};
        break;
      }
    }
  }
}

Task<Result<std::size_t>> RealStream::read_some(std::span<char> buffer, Deadline deadline) {
  if (!begin(deadline)) co_return std::unexpected(end({}));
  // Thousands wait here at once, and one that awaited either would keep room for both.
  const auto [error, count] = co_await (
      tls_ ? tls_->read_some(buffer)
           : socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kAsTuple));
  alarm_.mute();
  if (count > 0) co_return count;
  co_return std::unexpected(end(error));
}

// What the socket takes without waiting, which is nearly always all of a command. An error is left
// to the write that waits, which finds it again.
std::size_t RealStream::write_at_once(std::string_view data) {
  error_code error;
  const std::size_t count = socket_.write_some(asio::buffer(data.data(), data.size()), error);
  return error ? 0 : count;
}

Task<Result<void>> RealStream::write_all(std::string_view data, Deadline deadline) {
  if (!tls_ && !deadline.passed(timers_.clock())) data.remove_prefix(write_at_once(data));
  if (data.empty()) co_return Result<void>{};
  if (!begin(deadline)) co_return std::unexpected(end({}));
  const auto [error, count] = co_await (
      tls_ ? tls_->write_all(data)
           : asio::async_write(socket_, asio::buffer(data.data(), data.size()), kAsTuple));
  alarm_.mute();
  if (error) co_return std::unexpected(end(error));
  co_return Result<void>{};
}

Result<void> RealStream::name_server(const std::string& server_name, TlsVerification verification) {
  SSL* ssl = tls_->native_handle();
  const bool literal = IpAddress::parse(server_name).has_value();
  bool done = literal || SSL_set_tlsext_host_name(ssl, server_name.c_str()) == 1;
  if (verification == TlsVerification::kStrict) {
    done = done && expect_server_name(SSL_get0_param(ssl), server_name);
  }
  if (!done) return fail(Errc::kTls, "the server's name cannot be used for TLS");
  return {};
}

Task<Result<void>> RealStream::start_tls(std::string server_name, TlsVerification verification,
                                         Deadline deadline) {
  if (tls_) co_return fail(Errc::kInternal, "the stream is encrypted already");
  const bool strict = verification == TlsVerification::kStrict;
  tls_ = std::make_unique<TlsClient>(socket_, (strict ? strict_ : opportunistic_).native_handle());
  CO_TRY_VOID(name_server(server_name, verification));
  if (!begin(deadline)) co_return std::unexpected(end({}));
  const error_code error = co_await tls_->handshake();
  alarm_.mute();
  if (!error) co_return Result<void>{};
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  if (strict && verdict != X509_V_OK) {
    co_return fail(Errc::kTls, std::string("the server's certificate is not trusted: ") +
                                   X509_verify_cert_error_string(verdict));
  }
  co_return std::unexpected(end(error));
}

// Between strangers any encryption is better than none, so nothing that a mail server still speaks
// is refused (RFC 7435); the payload of a probe is no secret.
asio::ssl::context opportunistic_context() {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_none);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
  SSL_CTX_set_cipher_list(context.native_handle(), "DEFAULT:@SECLEVEL=0");
  return context;
}

asio::ssl::context strict_context(const TrustStore& roots) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  roots.install(context.native_handle());
  return context;
}

Error forbidden() {
  return {Errc::kForbiddenAddress, "the target is not an address that this program may connect to"};
}

}  // namespace

RealNetwork::RealNetwork(asio::any_io_executor executor, Timers& timers,
                         const AddressFilter& filter, const TrustStore& roots)
    : executor_(std::move(executor)),
      timers_(timers),
      filter_(filter),
      strict_(strict_context(roots)),
      opportunistic_(opportunistic_context()) {}

Task<Result<std::unique_ptr<Stream>>> RealNetwork::connect(Endpoint target, ConnectOptions options,
                                                           Deadline deadline) {
  if (!filter_.allows(target.address)) co_return std::unexpected(forbidden());
  auto stream = std::make_unique<RealStream>(executor_, timers_, strict_, opportunistic_);
  const Endpoint next = options.proxy ? options.proxy->endpoint : target;
  CO_TRY_VOID(stream->open_and_bind(next, options.source));
  if (options.proxy) {
    CO_TRY_VOID(co_await stream->connect_through(*options.proxy, target, deadline));
  } else {
    CO_TRY_VOID(co_await stream->connect(target, deadline));
  }
  CO_TRY(peer, stream->connected_to());
  if (peer != next) co_return std::unexpected(forbidden());
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace verihook::net
