#include "tests/support/scripted_server.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace verihook::testing {

ServerConnection::~ServerConnection() {
  if (tls_) SSL_shutdown(tls_.get());
}

bool ServerConnection::receive() {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = tls_ ? SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()))
                             : recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string ServerConnection::read_until(std::string_view end) {
  std::size_t at = 0;
  while ((at = received_.find(end)) == std::string::npos) {
    if (!receive()) return {};
  }
  std::string text = received_.substr(0, at + end.size());
  received_.erase(0, text.size());
  return text;
}

std::string ServerConnection::read_bytes(std::size_t count) {
  while (received_.size() < count) {
    if (!receive()) return {};
  }
  std::string text = received_.substr(0, count);
  received_.erase(0, count);
  return text;
}

std::string ServerConnection::read_request() {
  const std::string head = read_until("\r\n\r\n");
  std::size_t length = 0;
  for (const auto line : split(head, '\n')) {
    constexpr std::string_view kName = "content-length:";
    if (line.size() > kName.size() && equals_ignoring_case(line.substr(0, kName.size()), kName)) {
      length = parse_u64(trim(line.substr(kName.size()))).value_or(0);
    }
  }
  return head + read_bytes(length);
}

bool ServerConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void ServerConnection::wait_for_close() {
  while (receive()) received_.clear();
}

void ServerConnection::pause(std::chrono::milliseconds delay) {
  poll(nullptr, 0, static_cast<int>(delay.count()));
}

void ServerConnection::reset() {
  // Closing with a zero linger time is what makes it a reset; the server closes the socket later.
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool ServerConnection::accept_tls(SSL_CTX* context) {
  tls_.reset(SSL_new(context));
  SSL_set_fd(tls_.get(), socket_);
  if (SSL_accept(tls_.get()) == 1) return true;
  tls_.reset();
  return false;
}

ScriptedServer::ScriptedServer(Script script, std::shared_ptr<SSL_CTX> tls, bool v6)
    : script_(std::move(script)), tls_(std::move(tls)) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  sockaddr_storage storage{};
  socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    std::memcpy(&storage, &address, sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(&storage, &address, sizeof address);
  }
  listener_ = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* const generic = reinterpret_cast<sockaddr*>(&storage);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 128) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    std::abort();
  }
  // The port stands at the same place in both families.
  std::uint16_t port = 0;
  std::memcpy(&port, reinterpret_cast<const char*>(&storage) + 2, sizeof port);
  endpoint_ = {net::IpAddress::loopback_v4(), ntohs(port)};
  if (v6) {
    endpoint_.address = {.v6 = true, .bytes = {}};
    endpoint_.address.bytes[15] = 1;
  }
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int socket : open_sockets_) shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();
  for (auto& script : scripts_) script.join();
  close(listener_);
}

void ScriptedServer::accept_loop() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      close(socket);
      return;
    }
    const unsigned number = ++connections_;
    open_sockets_.push_back(socket);
    scripts_.emplace_back([this, socket, number] { run_script(socket, number); });
  }
}

void ScriptedServer::run_script(int socket, unsigned number) {
  {
    ServerConnection connection(socket, number);
    if (!tls_ || connection.accept_tls(tls_.get())) script_(connection);
  }
  const std::lock_guard lock(mutex_);
  open_sockets_.remove(socket);
  close(socket);
}

}  // namespace verihook::testing
