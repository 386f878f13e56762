// The server's manners: limits, deadlines, keep-alive, streams, stopping. Deadlines are short and
// the client waits for what they cause, never for a time.
#include <ctime>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "http/server_test_support.h"

namespace {

std::atomic<bool> no_descriptors = false;
std::atomic<int> accepts_refused = 0;

}  // namespace

// Stands before the C library's, to fail as it does when the process has no descriptors left.
// (Taking them away for real would take them from the sanitizers too, which then report faults of
// their own.)
extern "C" int accept(int listener, sockaddr* address, socklen_t* length) {
  if (no_descriptors) {
    ++accepts_refused;
    errno = EMFILE;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, listener, address, length, 0));
}

namespace verihook::http::testing {
namespace {

const std::string kHost = "Host: example.test\r\n";
// A deadline that the test wants to pass.
constexpr Milliseconds kShort{150};
// One that must not pass between two steps of a test, however busy the machine.
constexpr Milliseconds kAmple{2'000};

std::string request(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {}) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n" + kHost;
  text += fields;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

void wait_until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }
}

TEST(Server, AnswersWithTheFieldsThatEveryAnswerHas) {
  TestServer server;
  const auto responses = exchange(server.port(), request("POST", "/a%20b", "", "hello"));
  ASSERT_EQ(responses.size(), 1u);
  const RawResponse& response = responses[0];
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.field("X-Path"), "/a b");
  EXPECT_EQ(response.field("Content-Length"), "5");
  EXPECT_EQ(response.field("Cache-Control"), "no-store");
  EXPECT_EQ(response.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.field("Content-Security-Policy"),
            "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(response.field("Server"), "(none)");
  EXPECT_EQ(response.field("Strict-Transport-Security"), "(none)");
}

TEST(Server, DoesNotTrustARequestIdFromOutside) {
  TestServer server;
  const auto responses = exchange(server.port(), request("GET", "/", "X-Request-ID: mine\r\n"));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_TRUE(responses[0].field("X-Request-ID").starts_with("req_"));
}

TEST(Server, KeepsItsOwnFieldsFromHandlers) {
  TestServer server;
  const auto responses = exchange(server.port(), request("POST", "/own-fields", "", "hello"));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].body, "hello");
  EXPECT_EQ(responses[0].field("Cache-Control"), "max-age=60");
  EXPECT_TRUE(responses[0].field("X-Request-ID").starts_with("req_"));
}

TEST(Server, AnswersHeadLikeGetButWithoutABody) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("HEAD", "/ignore") + request("HEAD", "/stream") + request("GET", "/ignore"));
  const RawResponse head = client.read_response(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "2");
  const RawResponse stream = client.read_response(true);
  EXPECT_EQ(stream.field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.read_response().body, "{}");
}

TEST(Server, SendsNoBodyAndNoLengthWithNoContent) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("POST", "/no-content", "", "hello") + request("GET", "/ignore"));
  client.half_close();
  const auto responses = parse_responses(client.read_to_end());
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status, 204);
  EXPECT_EQ(responses[0].field("Content-Length"), "(none)");
  EXPECT_EQ(responses[1].body, "{}");
}

TEST(Server, AnswersAPlain500WhenAHandlerThrowsAndGoesOn) {
  TestServer server;
  const auto responses = exchange(server.port(), request("GET", "/throw") + request("GET", "/"));
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].status, 500);
  EXPECT_TRUE(responses[0].body.contains("\"code\":\"internal_error\""));
  EXPECT_FALSE(responses[0].body.contains("on purpose"));
  EXPECT_EQ(responses[1].status, 200);
  EXPECT_EQ(server.stats().responses_5xx, 1u);
}

TEST(Server, RefusesToSendFieldsThatBreakTheHead) {
  TestServer server;
  for (const std::string_view path : {"/bad-value", "/bad-name"}) {
    const auto responses = exchange(server.port(), request("GET", path));
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].status, 500);
    EXPECT_FALSE(responses[0].head.contains("Set-Cookie"));
  }
}

TEST(Server, ClosesAfterTheAllowedNumberOfRequests) {
  TestServer server({.requests_per_connection_max = 2});
  const std::string one = request("GET", "/");
  const auto responses = exchange(server.port(), one + one + one);
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].field("Connection"), "(none)");
  EXPECT_EQ(responses[1].field("Connection"), "close");
}

TEST(Server, RefusesLinesFieldsAndHeadsPastTheirLimits) {
  TestServer server(
      {.request_line_bytes_max = 100, .header_bytes_max = 1000, .header_fields_max = 5});
  const auto status = [&](const std::string& bytes) {
    const auto responses = exchange(server.port(), bytes);
    return responses.size() == 1 ? responses[0].status : -1;
  };
  std::string five_fields = "GET / HTTP/1.1\r\n" + kHost;
  for (int i = 0; i < 4; ++i) five_fields += "X: a\r\n";
  EXPECT_EQ(status(five_fields + "\r\n"), 200);
  EXPECT_EQ(status(five_fields + "X: a\r\n\r\n"), 431);
  const std::size_t rest = std::string_view("GET / HTTP/1.1").size();
  const auto path = [](std::size_t size) { return "/" + std::string(size, 'a'); };
  EXPECT_EQ(status(request("GET", path(100 - rest))), 200);
  EXPECT_EQ(status(request("GET", path(101 - rest))), 414);
  EXPECT_EQ(status("GET " + path(100'000)), 414);
  EXPECT_EQ(status(request("GET", "/", "X: " + std::string(900, 'a') + "\r\n")), 200);
  EXPECT_EQ(status(request("GET", "/", "X: " + std::string(1'000, 'a') + "\r\n")), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a')), 431);
}

TEST(Server, TakesAHeadOfExactlyTheLimit) {
  TestServer server({.header_bytes_max = 16 * 1024});
  const std::string without = request("GET", "/", "X: \r\n");
  const std::string value(16 * 1024 - without.size(), 'a');
  const auto responses = exchange(server.port(), request("GET", "/", "X: " + value + "\r\n"));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].status, 200);
}

TEST(Server, LetsAClientThatIsStillSendingReadThe413) {
  TestServer server;
  const std::string body(1024 * 1024, 'x');
  for (const std::string_view framing : {"length", "chunks"}) {
    SCOPED_TRACE(framing);
    RawClient client(server.port());
    if (framing == "length") {
      client.send(request("POST", "/limit", "", body));
    } else {
      client.send(request("POST", "/limit", "Transfer-Encoding: chunked\r\n") + "100000\r\n" +
                  body);
    }
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.field("Connection"), "close");
    EXPECT_TRUE(response.body.contains("too_large"));
    EXPECT_FALSE(client.was_reset());
  }
}

TEST(Server, LetsAClientThatIsStillSendingReadARefusal) {
  TestServer server;
  RawClient client(server.port());
  client.send("BREW / HTTP/1.1\r\n" + kHost + "\r\n" + std::string(1024 * 1024, 'x'));
  EXPECT_EQ(client.read_response().status, 501);
}

TEST(Server, DrainsASmallBodyThatTheHandlerDidNotRead) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("POST", "/ignore", "Content-Length: 5\r\n") + "he");
  EXPECT_EQ(client.read_response().field("Connection"), "(none)");
  client.send("llo" + request("GET", "/"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(server.handled(), 2);
}

TEST(Server, ClosesAfterALargeBodyThatTheHandlerDidNotRead) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("POST", "/ignore", "Content-Length: 100000\r\n") + "he");
  const auto responses = parse_responses(client.read_to_end());
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].field("Connection"), "close");
}

TEST(Server, TakesABodyOfManyBuffers) {
  TestServer server;
  std::string body;
  while (body.size() < 3'000'000) body += std::to_string(body.size());
  RawClient client(server.port());
  std::thread sender([&] { client.send(request("POST", "/echo", "", body)); });
  const RawResponse response = client.read_response();
  sender.join();
  EXPECT_EQ(response.body, body);
}

TEST(Server, AsksForTheBodyWhenTheHandlerReadsIt) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.field("Connection"), "(none)");
}

TEST(Server, DoesNotAskForABodyThatIsTooLargeOrNotWanted) {
  TestServer server;
  for (const auto& [path, status] : {std::pair{"/limit", 413}, {"/ignore", 200}}) {
    RawClient client(server.port());
    client.send(request("POST", path, "Expect: 100-continue\r\nContent-Length: 50\r\n"));
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.field("Connection"), "close");
  }
}

TEST(Server, StreamsInChunks) {
  TestServer server;
  const auto responses = exchange(server.port(), request("GET", "/stream") + request("GET", "/"));
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].field("Content-Length"), "(none)");
  EXPECT_EQ(responses[0].body, "piece 1\npiece 2\npiece 3\n");
}

TEST(Server, StreamsUntilTheEndOfTheConnectionForHttp10) {
  TestServer server;
  const auto responses =
      exchange(server.port(), "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].field("Transfer-Encoding"), "(none)");
  EXPECT_EQ(responses[0].field("Connection"), "close");
  EXPECT_EQ(responses[0].body, "piece 1\npiece 2\npiece 3\n");
}

TEST(Server, StreamsWithTheLengthThatItsHandlerNames) {
  TestServer server;
  const auto responses =
      exchange(server.port(), request("GET", "/stream?length=24") + request("GET", "/"));
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].field("Content-Length"), "24");
  EXPECT_EQ(responses[0].field("Transfer-Encoding"), "(none)");
  EXPECT_EQ(responses[0].body, "piece 1\npiece 2\npiece 3\n");
}

TEST(Server, CutsAStreamThatIsShorterOrLongerThanItsHeadSays) {
  TestServer server;
  for (const char* length : {"0", "8", "23", "25"}) {
    RawClient client(server.port());
    client.send(request("GET", std::string("/stream?length=") + length) + request("GET", "/"));
    const std::string received = client.read_to_end();
    EXPECT_FALSE(received.contains("{}")) << length;
    EXPECT_TRUE(client.was_reset()) << length;
  }
}

TEST(Server, CutsTheConnectionWhenAStreamFails) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("GET", "/cut"));
  const auto responses = parse_responses(client.read_to_end());
  EXPECT_TRUE(responses.empty() || !responses[0].complete);
  EXPECT_TRUE(client.was_reset());
}

TEST(Server, AnswersSlowHeads408) {
  TestServer server({.header_deadline_ms = kShort});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(client.read_response().status, 408);
}

TEST(Server, IsNotHeldByAHeadThatTricklesIn) {
  TestServer server({.header_deadline_ms = kShort});
  RawClient client(server.port());
  std::atomic<bool> done = false;
  std::thread dripper([&] {
    client.send("GET / HTTP/1.1\r\n");
    while (!done && client.send("X: a\r\n")) {
      std::this_thread::sleep_for(Milliseconds{20});
    }
  });
  EXPECT_EQ(client.read_response().status, 408);
  done = true;
  dripper.join();
  EXPECT_EQ(server.handled(), 0);
}

TEST(Server, AnswersBodiesThatStop408) {
  TestServer server({.body_deadline_ms = kShort});
  RawClient client(server.port());
  client.send(request("POST", "/echo", "Content-Length: 5\r\n") + "he");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.field("Connection"), "close");
}

TEST(Server, AnswersBodiesThatTrickleIn408) {
  TestServer server({.header_deadline_ms = kShort, .body_bytes_per_second_min = 1'000'000});
  RawClient client(server.port());
  std::atomic<bool> done = false;
  std::thread dripper([&] {
    client.send(request("POST", "/echo", "Content-Length: 100000\r\n"));
    while (!done && client.send("x")) std::this_thread::sleep_for(Milliseconds{20});
  });
  EXPECT_EQ(client.read_response().status, 408);
  done = true;
  dripper.join();
}

TEST(Server, ClosesIdleConnectionsWithoutAWord) {
  TestServer server({.idle_deadline_ms = kShort});
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_to_end(), "");
  TestServer patient({.idle_deadline_ms = kAmple});
  RawClient once(patient.port());
  once.send(request("GET", "/"));
  EXPECT_EQ(parse_responses(once.read_to_end()).size(), 1u);
}

TEST(Server, DropsClientsThatDoNotReadTheirAnswer) {
  TestServer server({.write_deadline_ms = kShort});
  RawClient client(server.port());
  const std::string body(7 * 1024 * 1024, 'x');
  std::thread sender([&] {
    client.send(request("POST", "/echo", "", body) + request("POST", "/echo", "", body));
  });
  wait_until([&] { return server.handled() > 0 && server.stats().connections_open == 0; });
  sender.join();
}

TEST(Server, Answers503PastTheLimitOfRequestsInFlight) {
  TestServer server({.in_flight_requests_max = 1});
  RawClient first(server.port());
  first.send(request("GET", "/wait"));
  wait_until([&] { return server.waiting() == 1; });
  RawClient second(server.port());
  second.send(request("GET", "/"));
  const RawResponse refused = second.read_response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  server.release();
  EXPECT_EQ(first.read_response().status, 200);
  second.send(request("GET", "/"));
  EXPECT_EQ(second.read_response().status, 200);
}

TEST(Server, RefusesConnectionsPastEitherLimit) {
  for (const ServerLimits& limits :
       {ServerLimits{.connections_max = 1}, ServerLimits{.connections_per_peer_max = 1}}) {
    TestServer server(limits);
    auto first = std::make_unique<RawClient>(server.port());
    first->send(request("GET", "/"));
    EXPECT_EQ(first->read_response().status, 200);
    const auto refused = exchange(server.port(), "");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].status, 503);
    first.reset();
    wait_until([&] { return server.stats().connections_open == 0; });
    EXPECT_EQ(exchange(server.port(), request("GET", "/"))[0].status, 200);
  }
}

TEST(Server, CancelsAReadingHandlerWhoseClientWentAway) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("GET", "/wait"));
  wait_until([&] { return server.waiting() == 1; });
  client.close();
  wait_until([&] { return server.waiting() == 0; });
  EXPECT_EQ(server.cancelled(), 1);
}

TEST(Server, LetsAChangingHandlerFinishWithoutItsClient) {
  TestServer server;
  RawClient gone(server.port());
  gone.send(request("POST", "/wait"));
  RawClient reader(server.port());
  reader.send(request("GET", "/wait"));
  wait_until([&] { return server.waiting() == 2; });
  gone.close();
  reader.close();
  // The sweep that cancels the reader has looked at the other one too.
  wait_until([&] { return server.waiting() == 1; });
  server.release();
  wait_until([&] { return server.waiting() == 0; });
  EXPECT_EQ(server.cancelled(), 1);
}

TEST(Server, FinishesRequestsInFlightWhenStopped) {
  TestServer server;
  RawClient idle(server.port());
  idle.send(request("GET", "/"));
  idle.read_response();
  RawClient busy(server.port());
  busy.send(request("GET", "/wait"));
  wait_until([&] { return server.waiting() == 1; });
  std::thread stopper([&] { server.stop(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");
  server.release();
  const auto responses = parse_responses(busy.read_to_end());
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].status, 200);
  EXPECT_EQ(responses[0].field("Connection"), "close");
  busy.close();
  stopper.join();
  EXPECT_EQ(server.cancelled(), 0);
}

TEST(Server, CancelsWhatIsLeftWhenStoppedAndTimeIsUp) {
  TestServer server;
  RawClient client(server.port());
  client.send(request("POST", "/wait"));
  wait_until([&] { return server.waiting() == 1; });
  server.stop(kShort);
  EXPECT_EQ(server.waiting(), 0);
  EXPECT_EQ(server.cancelled(), 1);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(Server, SaysWhyItCannotStart) {
  TestServer first;
  asio::io_context io{1};
  SystemClock clock;
  RealTimers timers(clock);
  SeededRandom random(1);
  IdMaker ids(clock, random);
  ServerOptions options;
  options.listen = {net::IpAddress::loopback_v4(), first.port()};
  Server second(io.get_executor(), timers, ids, options, nullptr);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_TRUE(started.error().message.contains("cannot bind 127.0.0.1:"));
}

// While it exists no connection can be accepted in this process.
class NoDescriptors {
 public:
  NoDescriptors() {
    accepts_refused = 0;
    no_descriptors = true;
  }
  ~NoDescriptors() { end(); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

  void end() const { no_descriptors = false; }
  int refused() const { return accepts_refused; }
};

TEST(Server, SurvivesWithoutDescriptorsAndDoesNotSpin) {
  TestServer server;
  RawClient open(server.port());
  open.send(request("GET", "/"));
  EXPECT_EQ(open.read_response().status, 200);
  {
    const NoDescriptors exhausted;
    const auto began = std::chrono::steady_clock::now();
    RawClient late(server.port());
    late.send(request("GET", "/"));
    wait_until([&] { return exhausted.refused() == 3; });
    // Two pauses lie between three tries.
    EXPECT_GE(std::chrono::steady_clock::now() - began, Milliseconds{200});
    open.send(request("GET", "/"));
    EXPECT_EQ(open.read_response().status, 200);
    EXPECT_EQ(server.stats().connections_open, 1u);
    exhausted.end();
    EXPECT_EQ(late.read_response().status, 200);
  }
}

}  // namespace
}  // namespace verihook::http::testing
