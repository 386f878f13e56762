#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/text.h"
#include "http/server_test_support.h"

namespace verihook::http::testing {
namespace {

constexpr int kReadTimeoutMs = 20'000;

std::size_t parse_size(std::string_view text, int base) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// Reads chunks from `bytes` at `at` on; true when the last one was there.
bool unchunk(std::string_view bytes, std::size_t& at, std::string& body) {
  while (true) {
    const std::size_t eol = bytes.find("\r\n", at);
    if (eol == bytes.npos) return false;
    const std::size_t size = parse_size(bytes.substr(at, eol - at), 16);
    at = eol + 2;
    if (bytes.size() - at < size + 2) return false;
    body += bytes.substr(at, size);
    at += size + 2;
    if (size == 0) return true;
  }
}

}  // namespace

TestServer::TestServer(ServerLimits limits, std::optional<TlsFiles> tls,
                       std::vector<net::Cidr> proxy_protocol) {
  ServerOptions options;
  options.listen = {net::IpAddress::loopback_v4(), 0};
  options.limits = limits;
  options.tls = std::move(tls);
  options.proxy_protocol = std::move(proxy_protocol);
  server_ = std::make_unique<Server>(io_.get_executor(), timers_, ids_, std::move(options),
                                     [this](Request& request) { return handle(request); });
  const auto started = server_->start();
  EXPECT_TRUE(started) << (started ? "" : started.error().message);
  port_ = server_->local_endpoint().port;
  thread_ = std::thread([this] { io_.run(); });
}

TestServer::~TestServer() {
  stop(Milliseconds{0});
  work_.reset();
  thread_.join();
}

void TestServer::release() {
  asio::post(io_, [this] { gate_.wake_all(); });
}

void TestServer::stop(Milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  asio::co_spawn(io_, server_->stop(Deadline::after(clock_, grace)), asio::use_future).get();
}

ServerStats TestServer::stats() {
  std::promise<ServerStats> promise;
  asio::post(io_, [&] { promise.set_value(server_->stats()); });
  return promise.get_future().get();
}

Task<Response> TestServer::handle(Request& request) {
  ++handled_;
  if (request.path == "/throw") throw std::runtime_error("thrown on purpose");
  if (request.path == "/wait") co_return co_await wait(request);
  if (request.path == "/stream" || request.path == "/cut") co_return stream(request);
  if (request.path == "/ignore") co_return json_response(200, "{}");
  if (request.path == "/limit") co_return co_await echo(request, 10);
  Response response = co_await echo(request, 8 * 1024 * 1024);
  if (request.path == "/bad-value") response.headers.add("X-Bad", "a\r\nSet-Cookie: b");
  if (request.path == "/bad-name") response.headers.add("X Bad", "a");
  if (request.path == "/own-fields") {
    response.headers.add("Content-Length", "1");
    response.headers.add("Cache-Control", "max-age=60");
    response.headers.add("X-Request-Id", "forged");
  }
  if (request.path == "/no-content") response.status = 204;
  co_return response;
}

Task<Response> TestServer::echo(Request& request, std::size_t limit_bytes) {
  auto body = co_await request.body->read_all(limit_bytes);
  if (!body && body.error().code == Errc::kTooLarge) {
    co_return error_response(413, "too_large", body.error().message, request.id);
  }
  Response response;
  response.headers.add("Content-Type", "text/plain");
  response.headers.add("X-Method", std::string(to_string(request.method)));
  response.headers.add("X-Path", request.path);
  response.body = body ? *std::move(body) : to_string(body.error().code);
  co_return response;
}

Task<Response> TestServer::wait(Request&) {
  struct Count {
    explicit Count(TestServer& on) : server(on) { ++server.waiting_; }
    ~Count() {
      --server.waiting_;
      if (!woken) ++server.cancelled_;
    }
    TestServer& server;
    bool woken = false;
  };
  Count count(*this);
  count.woken = co_await gate_.wait();
  co_return json_response(200, "{\"waited\":true}");
}

Response TestServer::stream(const Request& request) {
  Response response;
  response.headers.add("Content-Type", "text/plain");
  if (const auto length = request.query_value("length")) {
    response.headers.add("Content-Length", std::string(*length));
  }
  response.stream = [cut = request.path == "/cut",
                     sent = 0]() mutable -> Task<Result<std::string>> {
    if (++sent <= 3) co_return "piece " + std::to_string(sent) + "\n";
    if (cut) co_return fail(Errc::kInternal, "cut on purpose");
    co_return std::string();
  };
  return response;
}

std::string RawResponse::field(std::string_view name) const {
  for (const std::string_view line : split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !equals_ignoring_case(line.substr(0, colon), name)) continue;
    return std::string(trim(line.substr(colon + 1)));
  }
  return "(none)";
}

std::vector<RawResponse> parse_responses(std::string_view bytes, bool head_only) {
  std::vector<RawResponse> responses;
  std::size_t at = 0;
  while (at < bytes.size()) {
    RawResponse response;
    const std::size_t end = bytes.find("\r\n\r\n", at);
    response.head = bytes.substr(at, end == bytes.npos ? end : end - at);
    if (response.head.starts_with("HTTP/1.1 ")) {
      response.status = static_cast<int>(parse_size(response.head.substr(9, 3), 10));
    }
    at = end == bytes.npos ? bytes.size() : end + 4;
    const std::string length = response.field("Content-Length");
    if (response.status == 100 || response.status == 204 || head_only) {
      response.complete = end != bytes.npos;
    } else if (response.field("Transfer-Encoding") == "chunked") {
      response.complete = unchunk(bytes, at, response.body);
      if (!response.complete) at = bytes.size();
    } else {
      const std::size_t wanted = length == "(none)" ? bytes.size() : parse_size(length, 10);
      response.body = bytes.substr(at, wanted);
      response.complete = length == "(none)" || response.body.size() == wanted;
      at += response.body.size();
    }
    responses.push_back(std::move(response));
  }
  return responses;
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::half_close() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::read_more() {
  pollfd watched{fd_, POLLIN, 0};
  if (::poll(&watched, 1, kReadTimeoutMs) != 1) {
    ADD_FAILURE() << "the server neither answered nor closed; so far: " << received_;
    return false;
  }
  char buffer[16 * 1024];
  const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
  if (got < 0) reset_ = errno == ECONNRESET;
  if (got <= 0) return false;
  received_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(received_, {});
}

std::string RawClient::read_until(std::string_view marker) {
  while (!received_.contains(marker)) {
    if (!read_more()) break;
  }
  return std::exchange(received_, {});
}

RawResponse RawClient::read_response(bool head_only) {
  while (true) {
    auto responses = parse_responses(received_, head_only);
    if (!responses.empty() && responses[0].complete) {
      RawResponse first = std::move(responses[0]);
      received_.erase(0, first.head.size() + 4 + first.body.size());
      return first;
    }
    if (!read_more()) return {};
  }
}

std::vector<RawResponse> exchange(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  client.half_close();
  return parse_responses(client.read_to_end());
}

}  // namespace verihook::http::testing
