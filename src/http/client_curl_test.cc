#include "http/client_curl.h"

#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "tests/support/curl_client_fixture.h"

namespace verihook::http {
namespace {

using namespace std::chrono_literals;

bool contains(std::string_view text, std::string_view part) { return text.contains(part); }

TEST_F(CurlClientTest, SendsThePostAndReadsTheResponse) {
  std::string seen;
  Server server([&](Connection& c) {
    seen = c.read_request();
    c.send("HTTP/1.1 201 Created\r\nX-One:  a \r\nx-one: b\r\nContent-Length: 5\r\n\r\nhello");
  });
  auto post = request("http://hook.test:" + std::to_string(server.port()) + "/a/../b?x=%20");
  post.headers.add("webhook-id", "msg_1");
  post.headers.add("X-Empty", "");
  post.body = std::string("{\"a\":\0}", 7);
  const auto response = send(post);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201u);
  EXPECT_EQ(response->body, "hello");
  EXPECT_FALSE(response->body_truncated);
  EXPECT_EQ(response->remote_ip, "127.0.0.1");
  EXPECT_EQ(response->headers.get("x-one"), "a");
  EXPECT_EQ(response->headers.count("X-ONE"), 2u);
  EXPECT_TRUE(seen.starts_with("POST /a/../b?x=%20 HTTP/1.1\r\n")) << seen;
  EXPECT_TRUE(contains(seen, "\r\nHost: hook.test:" + std::to_string(server.port()) + "\r\n"));
  EXPECT_TRUE(contains(seen, "\r\nUser-Agent: verihook/test\r\n"));
  EXPECT_TRUE(contains(seen, "\r\nContent-Type: application/json\r\n"));
  EXPECT_TRUE(contains(seen, "\r\nwebhook-id: msg_1\r\n"));
  EXPECT_TRUE(contains(seen, "\r\nX-Empty:\r\n"));
  EXPECT_TRUE(contains(seen, "\r\nContent-Length: 7\r\n"));
  EXPECT_FALSE(contains(seen, "Accept-Encoding"));
  EXPECT_FALSE(contains(seen, "Expect"));
  EXPECT_TRUE(seen.ends_with(post.body));
  const ClientTiming& timing = response->timing;
  EXPECT_GE(timing.resolved_ms, 0);
  EXPECT_GT(timing.connected_ms, timing.resolved_ms);
  EXPECT_EQ(timing.tls_ms, -1);
  EXPECT_GE(timing.first_byte_ms, timing.connected_ms);
  EXPECT_GE(timing.total_ms, timing.first_byte_ms);
}

TEST_F(CurlClientTest, SpeaksEveryMethodAndForgetsTheLastRequest) {
  std::vector<std::string> seen;
  Server server([&](Connection& c) {
    for (;;) {
      const std::string text = c.read_request();
      if (text.empty()) return;
      seen.push_back(text);
      c.send(text.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
                                      : ok_response("x"));
    }
  });
  struct Row {
    Method method;
    std::string body;
    std::string_view line;
  };
  const Row rows[] = {
      {Method::kPut, "put", "PUT /hook HTTP/1.1"},
      {Method::kGet, "", "GET /hook HTTP/1.1"},
      {Method::kPatch, "patch", "PATCH /hook HTTP/1.1"},
      {Method::kHead, "", "HEAD /hook HTTP/1.1"},
      {Method::kPost, "", "POST /hook HTTP/1.1"},
      {Method::kDelete, "", "DELETE /hook HTTP/1.1"},
      {Method::kDelete, "why", "DELETE /hook HTTP/1.1"},
      {Method::kOptions, "", "OPTIONS /hook HTTP/1.1"},
  };
  for (const Row& row : rows) {
    auto any = request_to(server);
    any.method = row.method;
    any.body = row.body;
    any.basic_credentials = row.body.empty() ? "" : "user:pass:word";
    const auto response = send(any);
    ASSERT_TRUE(response) << row.line << response.error().message;
    EXPECT_EQ(response->body, row.method == Method::kHead ? "" : "x");
    EXPECT_TRUE(seen.back().starts_with(row.line)) << seen.back();
    EXPECT_TRUE(seen.back().ends_with("\r\n\r\n" + row.body)) << seen.back();
    EXPECT_EQ(contains(seen.back(), "Authorization: Basic dXNlcjpwYXNzOndvcmQ="),
              !row.body.empty());
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(CurlClientTest, UsesAConnectionAgain) {
  Server server([](Connection& c) {
    while (!c.read_request().empty()) c.send(ok_response("#" + std::to_string(c.number())));
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(request_to(server))->body, "#1");
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(CurlClientTest, SendsAgainWhenAKeptConnectionHasGone) {
  Server server([](Connection& c) {
    c.read_request();
    c.send(ok_response("#" + std::to_string(c.number())));
  });
  for (const char* body : {"#1", "#2", "#3"}) EXPECT_EQ(send(request_to(server))->body, body);
}

TEST_F(CurlClientTest, RefusesRequestsThatInjectHeaders) {
  Server server([](Connection&) {});
  const std::pair<std::string, std::string> rows[] = {
      {"X-A", "b\r\nX-C: d"},
      {"X-A", "b\nc"},
      {"X-A", std::string("b\0c", 3)},
      {"X-A\r\nX-B", "c"},
      {"X A", "b"},
      {"", "b"},
      {"X-A:", "b"},
      {"X-\xc3\xbc", ""},
      {"Host", "other"},
      {"content-length", "1"},
      {"Transfer-Encoding", "chunked"},
      {"Connection", "close"},
  };
  for (const auto& [name, value] : rows) {
    auto post = request_to(server);
    post.headers.add(name, value);
    EXPECT_EQ(send_error(post), Errc::kInvalidArgument) << name;
  }
  auto post = request_to(server);
  post.basic_credentials = "user:a\r\nX: y";
  EXPECT_EQ(send_error(post), Errc::kInvalidArgument);
  auto get = request_to(server);
  get.method = Method::kGet;
  EXPECT_EQ(send_error(get), Errc::kInvalidArgument);
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(CurlClientTest, DoesNotFollowRedirects) {
  Server other([](Connection&) {});
  Server server([&](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + std::to_string(other.port()) +
           "/\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(send(request_to(server))->status, 302u);
  EXPECT_EQ(other.connections(), 0u);
}

TEST_F(CurlClientTest, IgnoresProxiesOfTheEnvironment) {
  Server proxy([](Connection&) {});
  Server server([](Connection& c) {
    c.read_request();
    c.send(ok_response("direct"));
  });
  const std::string address = "http://127.0.0.1:" + std::to_string(proxy.port());
  setenv("http_proxy", address.c_str(), 1);
  setenv("ALL_PROXY", address.c_str(), 1);
  EXPECT_EQ(send(request_to(server))->body, "direct");
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_EQ(proxy.connections(), 0u);
}

TEST_F(CurlClientTest, LeavesCompressedResponsesAsTheyAre) {
  Server server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bxx");
  });
  EXPECT_EQ(send(request_to(server))->body, "\x1f\x8bxx");
}

TEST_F(CurlClientTest, ReadsChunkedResponsesAndIgnoresTrailers) {
  Server server([](Connection& c) {
    c.read_request();
    c.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: "
        "1\r\n\r\n");
  });
  const auto response = send(request_to(server));
  EXPECT_EQ(response->body, "abcde");
  EXPECT_EQ(response->headers.count("X-Late"), 0u);
}

TEST_F(CurlClientTest, KeepsOnlyTheHeadersOfTheFinalResponse) {
  Server server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + ok_response("x"));
  });
  const auto response = send(request_to(server));
  EXPECT_EQ(response->status, 200u);
  EXPECT_EQ(response->headers.count("X-Early"), 0u);
}

TEST_F(CurlClientTest, SendsWhatASourceGivesInChunks) {
  std::string seen;
  Server server([&](Connection& c) {
    c.read_request();  // no more than the head, since no length is given
    seen = c.read_until("0\r\n\r\n");
    c.send(ok_response("thanks"));
  });
  auto post = request_to(server);
  post.body.clear();
  int pieces = 0;
  post.source = [&](std::span<char> buffer) -> Result<std::size_t> {
    if (pieces++ == 3) return 0;
    buffer[0] = static_cast<char>('a' + pieces);
    return 1;
  };
  const auto response = send(post);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "thanks");
  EXPECT_EQ(seen, "1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n");
}

TEST_F(CurlClientTest, ASourceThatFailsIsTheAnswer) {
  Server server([](Connection& c) { c.read_request(); });
  auto post = request_to(server);
  post.source = [](std::span<char>) -> Result<std::size_t> {
    return fail(Errc::kNotFound, "the disk is gone");
  };
  const auto response = send(post);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error(), (Error{Errc::kNotFound, "the disk is gone"}));
}

TEST_F(CurlClientTest, HandsTheBodyToTheSink) {
  const std::string large(300 * 1024, 'y');
  Server server([&](Connection& c) {
    while (!c.read_request().empty() && c.send(ok_response(large))) {
    }
  });
  std::string received;
  auto get = request_to(server);
  get.method = Method::kGet;
  get.body.clear();
  get.sink = [&](std::string_view piece) {
    received += piece;
    return true;
  };
  get.sink_bytes_max = large.size();
  const auto response = send(get);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(received, large);
  EXPECT_TRUE(response->body.empty());
  get.sink_bytes_max = large.size() - 1;
  EXPECT_EQ(send_error(get), Errc::kTooLarge);
  get.sink = [](std::string_view) { return false; };
  EXPECT_EQ(send_error(get), Errc::kCancelled);
}

TEST_F(CurlClientTest, ManyAtOnceEachGetTheirOwnAnswer) {
  Server server([](Connection& c) {
    for (;;) {
      const std::string text = c.read_request();
      if (text.empty()) return;
      c.send(ok_response(text.substr(text.find("\r\n\r\n") + 4)));
    }
  });
  int right = 0;
  for (int i = 0; i < 100; ++i) {
    auto post = request_to(server);
    post.body = "request " + std::to_string(i);
    asio::co_spawn(io_, client_.send(post),
                   [&right, body = post.body](std::exception_ptr, Result<ClientResponse> response) {
                     if (response && response->body == body) ++right;
                   });
  }
  io_.restart();
  io_.run();
  EXPECT_EQ(right, 100);
}

TEST_F(CurlClientTest, WaitsForAPlaceWhenAllAreTaken) {
  CurlClient narrow(io_.get_executor(), timers_, lookup_, filter_, roots_, {.transfers_max = 2});
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  Server server([&](Connection& c) {
    while (!c.read_request().empty()) {
      most = std::max(most.load(), ++now);
      c.pause(2ms);
      --now;
      c.send(ok_response("x"));
    }
  });
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(
        io_, narrow.send(request_to(server)),
        [&](std::exception_ptr, Result<ClientResponse> r) { answered += r.has_value(); });
  }
  io_.restart();
  io_.run();
  EXPECT_EQ(answered, 20);
  EXPECT_LE(most, 2);
}

TEST_F(CurlClientTest, CancellingASendEndsItsTransfer) {
  std::atomic<bool> closed = false;
  Server server([&](Connection& c) {
    c.read_request();
    c.wait_for_close();
    closed = true;
  });
  asio::cancellation_signal signal;
  bool ended = false;
  asio::co_spawn(
      io_, client_.send(request_to(server)),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr, Result<ClientResponse>) { ended = true; }));
  io_.restart();
  while (server.connections() == 0) io_.run_one_for(10ms);
  signal.emit(asio::cancellation_type::terminal);
  io_.run();
  EXPECT_TRUE(ended);
  while (!closed) std::this_thread::yield();
}

}  // namespace
}  // namespace verihook::http
