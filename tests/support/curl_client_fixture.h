// What the tests of CurlClient share: a client on its own io context that may call loopback, a name
// table, and requests with short limits.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "http/client_curl.h"
#include "tests/support/run_task.h"
#include "tests/support/scripted_server.h"
#include "tests/support/test_certificates.h"

namespace verihook::http {

// Answers each name from a queue; the last answer stays.
class TableLookup final : public net::HostLookup {
 public:
  using Addresses = std::vector<std::string>;

  void set(const std::string& host, std::deque<Addresses> answers) {
    answers_[host] = std::move(answers);
  }
  std::size_t lookups() const { return lookups_; }

  Task<Result<std::vector<net::IpAddress>>> lookup(std::string host, Deadline) override {
    ++lookups_;
    const auto found = answers_.find(host);
    if (found == answers_.end()) co_return fail(Errc::kDns, "the name server failed");
    std::vector<net::IpAddress> addresses;
    for (const auto& text : found->second.front()) {
      addresses.push_back(net::IpAddress::parse(text).value());
    }
    if (found->second.size() > 1) found->second.pop_front();
    co_return addresses;
  }

 private:
  std::map<std::string, std::deque<Addresses>> answers_;
  std::size_t lookups_ = 0;
};

class CurlClientTest : public ::testing::Test {
 protected:
  using Server = testing::ScriptedServer;
  using Connection = testing::ServerConnection;

  CurlClientTest() { lookup_.set("hook.test", {{"127.0.0.1"}}); }

  ClientRequest request(const std::string& url) const {
    ClientRequest request;
    request.url = Url::parse(url).value();
    request.headers.add("Content-Type", "application/json");
    request.body = "{}";
    request.connect_timeout_ms = std::chrono::seconds(5);
    request.total_timeout_ms = std::chrono::seconds(10);
    return request;
  }
  ClientRequest request_to(const Server& server) const {
    return request("http://hook.test:" + std::to_string(server.port()) + "/hook");
  }
  // For servers that shall be given up on.
  ClientRequest impatient_request_to(const Server& server) const {
    ClientRequest hurried = request_to(server);
    hurried.total_timeout_ms = std::chrono::milliseconds(150);
    return hurried;
  }
  Result<ClientResponse> send(ClientRequest request) {
    return testing::run_task(io_, client_.send(std::move(request)));
  }
  // The code with which it fails; a response fails the test.
  Errc send_error(ClientRequest request) {
    const auto response = send(std::move(request));
    EXPECT_FALSE(response) << "answered " << (response ? response->status : 0);
    return response ? Errc::kInternal : response.error().code;
  }

  asio::io_context io_{1};
  SystemClock clock_;
  RealTimers timers_{clock_};
  testing::TestAuthority authority_;
  TableLookup lookup_;
  net::AddressFilter filter_{{*net::Cidr::parse("127.0.0.0/8"), *net::Cidr::parse("::1")}};
  net::TrustStore roots_ =
      net::TrustStore::load(authority_.root().write_pem("http_root.pem")).value();
  CurlClient client_{
      io_.get_executor(), timers_, lookup_, filter_, roots_, {.user_agent = "verihook/test"}};
};

inline std::string ok_response(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace verihook::http
