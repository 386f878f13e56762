#include "destinations/listeners.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_task.h"
#include "tests/support/simulated_http.h"
#include "tests/support/virtual_time.h"

namespace verihook::destinations {
namespace {

using namespace std::chrono_literals;
using Response = Result<http::ClientResponse>;

class ListenersTest : public ::testing::Test {
 protected:
  // Nobody waits any more when the clock goes.
  ~ListenersTest() override {
    listeners_.close();
    time_.advance(1ms);
  }

  // The answer comes into the returned place.
  std::shared_ptr<std::optional<Response>> send(const std::string& endpoint_id, std::string body) {
    http::ClientRequest request;
    request.url = http::Url::parse(listener_url(endpoint_id)).value();
    request.headers.add("webhook-id", "evt_" + body);
    request.body = std::move(body);
    auto place = std::make_shared<std::optional<Response>>();
    asio::co_spawn(io_, listeners_.send(std::move(request)),
                   [place](std::exception_ptr error, Response response) {
                     if (error) std::rethrow_exception(error);
                     *place = std::move(response);
                   });
    time_.advance(1ms);
    return place;
  }
  std::optional<ListenerRequest> next(Listeners::Stream& stream, Milliseconds patience = 1s) {
    std::optional<ListenerRequest> taken;
    asio::co_spawn(io_, stream.next(Deadline::after(time_.clock(), patience)),
                   [&](std::exception_ptr, std::optional<ListenerRequest> request) {
                     taken = std::move(request);
                   });
    time_.advance(patience + 1ms);
    return taken;
  }
  bool acknowledge(std::uint64_t number, unsigned status, std::string_view endpoint_id = "wh_1") {
    http::ClientResponse response;
    response.status = status;
    const bool waited = listeners_.acknowledge(endpoint_id, number, std::move(response));
    time_.advance(1ms);
    return waited;
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  testing::SimulatedHttpClient client_{time_};
  Listeners listeners_{time_, client_};
};

TEST_F(ListenersTest, ARequestGoesOutAndItsAnswerComesBack) {
  Listeners::Stream stream(listeners_, "wh_1");
  const auto answer = send("wh_1", "a");
  const auto request = next(stream);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "a");
  EXPECT_EQ(request->headers.get("webhook-id"), "evt_a");
  EXPECT_FALSE(*answer);
  EXPECT_FALSE(acknowledge(request->number + 1, 200));
  EXPECT_FALSE(acknowledge(request->number, 200, "wh_2"));
  EXPECT_TRUE(acknowledge(request->number, 503));
  ASSERT_TRUE(*answer && **answer);
  EXPECT_EQ((**answer)->status, 503u);
  EXPECT_FALSE(acknowledge(request->number, 200));
  EXPECT_FALSE(next(stream));
}

TEST_F(ListenersTest, WhatWasNotAnsweredComesAgainOnTheNextStream) {
  const auto answer = send("wh_1", "a");
  std::uint64_t number = 0;
  {
    Listeners::Stream first(listeners_, "wh_1");
    number = next(first)->number;
    EXPECT_FALSE(next(first));
  }
  send("wh_1", "b");
  Listeners::Stream second(listeners_, "wh_1");
  EXPECT_EQ(next(second)->number, number);
  EXPECT_EQ(next(second)->body, "b");
  EXPECT_TRUE(acknowledge(number, 200));
  EXPECT_TRUE(*answer);
}

TEST_F(ListenersTest, ANewerStreamTakesTheEndpointOver) {
  Listeners::Stream first(listeners_, "wh_1");
  send("wh_1", "a");
  ASSERT_TRUE(next(first));
  Listeners::Stream second(listeners_, "wh_1");
  EXPECT_TRUE(first.ended());
  EXPECT_FALSE(next(first));
  EXPECT_EQ(next(second)->body, "a");
}

TEST_F(ListenersTest, WithoutAListenerAnAttemptEndsInItsTime) {
  const auto answer = send("wh_1", "a");
  time_.advance(14s);
  EXPECT_FALSE(*answer);
  time_.advance(2s);
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->error().code, Errc::kTimeout);
  // Nothing of it is left for whoever comes later.
  Listeners::Stream late(listeners_, "wh_1");
  EXPECT_FALSE(next(late));
}

TEST_F(ListenersTest, ListenersGetNothingOfOneAnother) {
  Listeners::Stream stream(listeners_, "wh_2");
  send("wh_1", "a");
  EXPECT_FALSE(next(stream));
}

TEST_F(ListenersTest, ClosingEndsStreamsAndWaits) {
  Listeners::Stream stream(listeners_, "wh_1");
  const auto answer = send("wh_1", "a");
  listeners_.close();
  time_.advance(1ms);
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ((*answer)->error().code, Errc::kCancelled);
  const auto late = send("wh_1", "b");
  EXPECT_EQ((*late)->error().code, Errc::kCancelled);
}

TEST_F(ListenersTest, OtherHostsAreCalledAsEver) {
  client_.answer("hooks.example.com", "", 204);
  http::ClientRequest request;
  request.url = http::Url::parse("https://hooks.example.com/in").value();
  std::optional<Response> answer;
  asio::co_spawn(io_, listeners_.send(std::move(request)),
                 [&](std::exception_ptr, Response response) { answer = std::move(response); });
  time_.advance(1s);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->status, 204u);
}

}  // namespace
}  // namespace verihook::destinations
