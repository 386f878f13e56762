// ScriptedServer: a real TCP (or TLS) server on loopback for tests of clients. Each connection runs
// the test's script on its own thread with blocking calls, so a script reads like the misbehaviour
// it plays. The destructor cuts every connection and waits for the scripts.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <openssl/ssl.h>

#include "net/ip.h"

namespace verihook::testing {

class ServerConnection {
 public:
  ServerConnection(int socket, unsigned number) : socket_(socket), number_(number) {}
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection();

  // Counts from 1 in the order of acceptance.
  unsigned number() const { return number_; }
  // What has arrived up to and including `end`; empty when the peer closed first.
  std::string read_until(std::string_view end);
  std::string read_bytes(std::size_t count);
  // One HTTP request with its Content-Length body; empty when the peer closed.
  std::string read_request();
  // False when the peer is gone.
  bool send(std::string_view bytes);
  // Returns when the peer has closed.
  void wait_for_close();
  // Lets time pass: between the bytes of a peer that is slow on purpose.
  void pause(std::chrono::milliseconds delay);
  // The peer sees a reset rather than an end of stream.
  void reset();
  // Goes on as a TLS server; false when the handshake fails.
  bool accept_tls(SSL_CTX* context);

 private:
  bool receive();

  const int socket_;
  const unsigned number_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
  std::string received_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(ServerConnection&)>;

  // Listens on a free port of 127.0.0.1, or of ::1. With `tls`, scripts start after the handshake.
  explicit ScriptedServer(Script script, std::shared_ptr<SSL_CTX> tls = nullptr, bool v6 = false);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  net::Endpoint endpoint() const { return endpoint_; }
  std::uint16_t port() const { return endpoint_.port; }
  unsigned connections() const { return connections_; }

 private:
  void accept_loop();
  void run_script(int socket, unsigned number);

  const Script script_;
  const std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  net::Endpoint endpoint_;
  std::atomic<unsigned> connections_ = 0;
  std::mutex mutex_;
  std::list<int> open_sockets_;
  std::list<std::thread> scripts_;
  std::thread acceptor_;
  bool stopping_ = false;
};

}  // namespace verihook::testing
