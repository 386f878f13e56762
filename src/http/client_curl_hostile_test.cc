// Endpoints that misbehave: each ends within its time, with its class of error and within its
// limits.
#include "tests/support/curl_client_fixture.h"

namespace verihook::http {
namespace {

using namespace std::chrono_literals;

TEST_F(CurlClientTest, GivesUpOnEndpointsThatAreSlow) {
  using Script = testing::ScriptedServer::Script;
  const std::pair<const char*, Script> rows[] = {
      {"never reads", [](Connection& c) { c.wait_for_close(); }},
      {"reads, never answers",
       [](Connection& c) {
         c.read_request();
         c.wait_for_close();
       }},
      {"a byte of header now and then",
       [](Connection& c) {
         c.send("HTTP/1.1 200 OK\r\nX: ");
         while (c.send("x")) c.pause(20ms);
       }},
      {"a byte of body now and then",
       [](Connection& c) {
         c.read_request();
         c.send("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
         while (c.send("x")) c.pause(20ms);
       }},
      {"an interim response now and then",
       [](Connection& c) {
         c.read_request();
         while (c.send("HTTP/1.1 100 Continue\r\n\r\n")) c.pause(20ms);
       }},
      {"headers, then nothing",
       [](Connection& c) {
         c.read_request();
         c.send("HTTP/1.1 200 OK\r\n\r\n");
         c.wait_for_close();
       }},
  };
  for (const auto& [what, script] : rows) {
    Server server(script);
    EXPECT_EQ(send_error(impatient_request_to(server)), Errc::kTimeout) << what;
  }
}

TEST_F(CurlClientTest, SaysWhenItWasConnectedThoughTlsFailed) {
  const std::pair<Server::Script, Errc> rows[] = {
      {[](Connection& c) { c.send("HTTP/1.1 400 This is no TLS\r\n\r\n"); }, Errc::kTls},
      {[](Connection& c) { c.wait_for_close(); }, Errc::kTimeout},
  };
  for (const auto& [script, expected] : rows) {
    Server server(script);
    ClientRequest request = impatient_request_to(server);
    request.url.https = true;
    ClientTiming timing;
    request.timing = &timing;
    EXPECT_EQ(send_error(request), expected);
    EXPECT_GT(timing.connected_ms, 0);
    EXPECT_GE(timing.connected_ms, timing.resolved_ms);
    EXPECT_EQ(timing.tls_ms, -1);
    EXPECT_EQ(timing.first_byte_ms, -1);
  }
}

TEST_F(CurlClientTest, NamesWhatBrokenEndpointsDo) {
  struct Row {
    const char* what;
    std::string answer;
    Errc expected;
  };
  const Row rows[] = {
      {"nothing", "", Errc::kConnectionLost},
      {"half a status line", "HTTP/1.", Errc::kConnectionLost},
      {"headers cut off", "HTTP/1.1 200 OK\r\nX-A: b", Errc::kConnectionLost},
      {"only an interim response", "HTTP/1.1 100 Continue\r\n\r\n", Errc::kConnectionLost},
      {"another protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\nabc", Errc::kProtocol},
      {"body cut off", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Errc::kConnectionLost},
      {"chunk cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
       Errc::kConnectionLost},
      {"bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
       Errc::kConnectionLost},
      {"HTTP/0.9", "<html>hello there</html>\r\n", Errc::kProtocol},
      {"an SSH banner", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", Errc::kProtocol},
      {"HTTP/3.0 status line", "HTTP/9.9 200 OK\r\n\r\n", Errc::kProtocol},
      {"NUL in a header", std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 27), Errc::kProtocol},
      {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", Errc::kProtocol},
      {"a long header", "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n",
       Errc::kTooLarge},
      {"an endless header", "HTTP/1.1 200 OK\r\nX: " + std::string(400'000, 'x'), Errc::kTooLarge},
  };
  for (const Row& row : rows) {
    Server server([&](Connection& c) {
      c.read_request();
      c.send(row.answer);
    });
    const auto response = send(request_to(server));
    EXPECT_FALSE(response) << row.what << ": " << response->status;
    if (response) continue;
    EXPECT_EQ(response.error().code, row.expected) << row.what << ": " << response.error().message;
  }
}

TEST_F(CurlClientTest, StopsAFloodOfHeadersOrInterimResponses) {
  for (const char* line : {"X-More: and more\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    Server server([&](Connection& c) {
      c.read_request();
      if (std::string_view(line).starts_with("X")) c.send("HTTP/1.1 200 OK\r\n");
      while (c.send(line)) {
      }
    });
    EXPECT_EQ(send_error(request_to(server)), Errc::kTooLarge) << line;
  }
}

TEST_F(CurlClientTest, CutsAnEndlessBodyAndKeepsTheStatus) {
  for (const char* head :
       {"HTTP/1.1 503 Busy\r\n\r\n", "HTTP/1.1 503 Busy\r\nContent-Length: 99999999999\r\n\r\n"}) {
    Server server([&](Connection& c) {
      c.read_request();
      c.send(head);
      while (c.send(std::string(1000, 'z'))) {
      }
    });
    const auto response = send(request_to(server));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 503u);
    EXPECT_TRUE(response->body_truncated);
    EXPECT_EQ(response->body, std::string(64 * 1024, 'z'));
  }
}

TEST_F(CurlClientTest, KeepsABodyOfExactlyTheLimit) {
  Server server([](Connection& c) {
    c.read_request();
    c.send(ok_response(std::string(64 * 1024, 'z')));
  });
  const auto response = send(request_to(server));
  EXPECT_EQ(response->body.size(), 64u * 1024);
  EXPECT_FALSE(response->body_truncated);
}

TEST_F(CurlClientTest, IgnoresWhatFollowsTheAnnouncedBody) {
  Server server([](Connection& c) {
    c.read_request();
    c.send(ok_response("abc") + "HTTP/1.1 500 Injected\r\n\r\n");
    c.wait_for_close();
  });
  for (int i = 0; i < 3; ++i) {
    const auto response = send(request_to(server));
    EXPECT_EQ(response->status, 200u);
    EXPECT_EQ(response->body, "abc");
  }
}

TEST_F(CurlClientTest, NamesResetsAndRefusals) {
  std::string url;
  {
    Server server([](Connection& c) {
      c.read_request();
      c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
      c.reset();
    });
    EXPECT_EQ(send_error(request_to(server)), Errc::kConnectionLost);
    url = request_to(server).url.to_string();
  }
  EXPECT_EQ(send_error(request(url)), Errc::kConnectionRefused);
}

TEST_F(CurlClientTest, TalksToServersThatAnswerBeforeTheyHaveReadAll) {
  Server server([](Connection& c) {
    c.read_until("\r\n\r\n");
    c.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    c.wait_for_close();
  });
  auto post = request_to(server);
  post.body.assign(8 * 1024 * 1024, 'b');
  EXPECT_EQ(send(post)->status, 413u);
}

}  // namespace
}  // namespace verihook::http
