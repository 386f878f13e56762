#include "destinations/http_destination.h"

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/encoding.h"
#include "tests/support/simulated_http.h"
#include "tests/support/virtual_time.h"
#include "webhooks/payload.h"
#include "webhooks/signature.h"

namespace verihook::destinations {
namespace {

using namespace std::chrono_literals;

class HttpDestinationTest : public ::testing::Test {
 protected:
  HttpDestinationTest() {
    destination_.tenant_id = "default";
    destination_.id = "wh_1";
    destination_.url = "https://hooks.example.com/in?x=1";
    event_.tenant_id = "default";
    event_.id = "evt_1";
    event_.type = "webhook.test";
    event_.created_at = time_.clock().wall_now();
    event_.body = webhooks::tail_of(webhooks::WebhookTest{"wh_1", "hello", event_.created_at});
  }

  std::string seal(std::string_view secret) {
    return *box_.seal(secret, secret_place(destination_));
  }
  void add_secret(std::string_view secret, std::optional<WallTime> expires_at = std::nullopt) {
    destination_.secrets.push_back({seal(secret), expires_at});
  }

  delivery::AttemptResult attempt() {
    auto task = [](HttpDestination& handler, const model::Destination& destination,
                   const model::Event& event, const model::Delivery& delivery,
                   Deadline deadline) -> Task<delivery::AttemptResult> {
      co_return co_await handler.attempt(destination, event, delivery, deadline);
    };
    std::optional<delivery::AttemptResult> result;
    asio::co_spawn(
        io_, task(handler_, destination_, event_, delivery_, Deadline::after(time_.clock(), 15s)),
        [&](std::exception_ptr error, delivery::AttemptResult value) {
          if (error) std::rethrow_exception(error);
          result = std::move(value);
        });
    time_.run();
    return result.value();
  }
  const http::ClientRequest& sent() const { return client_.requests().back().request; }
  std::string header(std::string_view name) const {
    EXPECT_LE(sent().headers.count(name), 1u) << name;
    return std::string(sent().headers.get(name).value_or(""));
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  SeededRandom random_{7};
  std::array<std::byte, crypto::kAesKeyBytes> key_{};
  crypto::SecretBox box_{key_, random_};
  testing::SimulatedHttpClient client_{time_};
  HttpDestination handler_{client_, box_, time_.clock()};
  model::Destination destination_;
  model::Event event_;
  model::Delivery delivery_;
};

TEST_F(HttpDestinationTest, SignsTheBytesThatItSendsWithBothFamilies) {
  client_.answer("hooks.example.com", "", 204);
  add_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const auto result = attempt();
  EXPECT_TRUE(result.success);
  EXPECT_EQ(result.status_code, 204);
  const std::string body = sent().body;
  EXPECT_EQ(body,
            webhooks::render(webhooks::head_of(event_), event_.body, time_.clock().wall_now()));
  const std::string hex = webhooks::hex_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body);
  EXPECT_EQ(header("X-Webhook-Signature"), hex);
  EXPECT_EQ(header("X-BillionVerify-Signature"), hex);
  EXPECT_EQ(header("webhook-id"), "evt_1");
  const std::string seconds = std::to_string(to_unix_ms(time_.clock().wall_now()) / 1000);
  EXPECT_EQ(header("webhook-timestamp"), seconds);
  EXPECT_EQ(header("webhook-signature"),
            webhooks::standard_webhooks_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "evt_1",
                                                  seconds, body));
  EXPECT_EQ(header("Content-Type"), "application/json");
  EXPECT_TRUE(header("User-Agent").starts_with("verihook/"));
  EXPECT_EQ(sent().url.target, "/in?x=1");
}

TEST_F(HttpDestinationTest, EachAttemptHasItsOwnTimeAndSignatureAndTheSameId) {
  client_.answer("hooks.example.com", "", 500);
  add_secret("secret");
  attempt();
  time_.advance(10min);
  attempt();
  const auto& requests = client_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_NE(requests[0].request.body, requests[1].request.body);
  EXPECT_NE(requests[0].request.headers.get("webhook-signature"),
            requests[1].request.headers.get("webhook-signature"));
  EXPECT_EQ(requests[0].request.headers.get("webhook-id"),
            requests[1].request.headers.get("webhook-id"));
}

TEST_F(HttpDestinationTest, SignsWithTheOldSecretToTheEndOfItsTime) {
  client_.answer("hooks.example.com", "", 200);
  add_secret("new");
  add_secret("old", time_.clock().wall_now() + 24h);
  attempt();
  EXPECT_EQ(split(header("webhook-signature"), ' ').size(), 2u);
  EXPECT_EQ(header("X-Webhook-Signature"), webhooks::hex_signature("new", sent().body));
  time_.advance(24h);
  attempt();
  EXPECT_EQ(split(header("webhook-signature"), ' ').size(), 1u);
}

TEST_F(HttpDestinationTest, ForwardsReceivedEventsByteForByte) {
  client_.answer("hooks.example.com", "", 200);
  add_secret("secret");
  event_.origin = model::EventOrigin::kReceived;
  event_.body = "{ \"a\" : 1.0 }\r\n";
  event_.request_headers = R"({"Content-Type":"application/cloudevents+json"})";
  EXPECT_TRUE(attempt().success);
  EXPECT_EQ(sent().body, event_.body);
  EXPECT_EQ(header("Content-Type"), "application/cloudevents+json");
  EXPECT_EQ(header("X-Webhook-Signature"), webhooks::hex_signature("secret", event_.body));
}

TEST_F(HttpDestinationTest, SendsCustomHeadersAndCredentialsButNeverInPlaceOfItsOwn) {
  client_.answer("hooks.example.com", "", 200);
  add_secret("secret");
  destination_.options.signature_header = "X-Hub-Signature-256";
  destination_.options.signature_prefix = "sha256=";
  destination_.options.headers = {{"X-Team", "a"},
                                  {"user-agent", "mine"},
                                  {"Webhook-Id", "forged"},
                                  {"x-hub-signature-256", "forged"},
                                  {"Transfer-Encoding", "chunked"}};
  boost::json::object settings;
  settings["basic_credentials"] = crypto::base64_encode(seal("user:password"));
  destination_.settings = boost::json::serialize(settings);
  EXPECT_TRUE(attempt().success);
  EXPECT_EQ(header("X-Team"), "a");
  EXPECT_EQ(header("User-Agent"), "mine");
  EXPECT_EQ(header("webhook-id"), "evt_1");
  EXPECT_EQ(header("X-Hub-Signature-256"),
            "sha256=" + webhooks::hex_signature("secret", sent().body));
  EXPECT_EQ(sent().headers.count("Transfer-Encoding"), 0u);
  EXPECT_EQ(sent().basic_credentials, "user:password");

  settings = {{"bearer_token", crypto::base64_encode(seal("token"))}};
  destination_.settings = boost::json::serialize(settings);
  EXPECT_TRUE(attempt().success);
  EXPECT_EQ(header("Authorization"), "Bearer token");
}

TEST_F(HttpDestinationTest, ASecretOfAnotherPlaceDoesNotOpenAndNothingIsSent) {
  client_.answer("hooks.example.com", "", 200);
  destination_.secrets.push_back({*box_.seal("secret", "default|wh_2"), std::nullopt});
  const auto result = attempt();
  EXPECT_FALSE(result.success);
  EXPECT_TRUE(result.retryable);
  EXPECT_TRUE(client_.requests().empty());
}

TEST_F(HttpDestinationTest, AnUnknownNameIsAFailureInAFixedSentence) {
  const auto result = attempt();
  EXPECT_FALSE(result.success);
  EXPECT_EQ(result.error_class, "dns");
  EXPECT_EQ(result.error, "the name of the endpoint could not be resolved");
  EXPECT_EQ(result.status_code, 0);
}

TEST(HttpResult, SaysHowLongEachPhaseTook) {
  const auto fresh = phases_of(
      {.resolved_ms = 2, .connected_ms = 5, .tls_ms = 11, .first_byte_ms = 31, .total_ms = 32});
  EXPECT_EQ(fresh.dns_ms, 2);
  EXPECT_EQ(fresh.connect_ms, 3);
  EXPECT_EQ(fresh.tls_ms, 6);
  EXPECT_EQ(fresh.first_byte_ms, 20);
  const auto kept = phases_of({.resolved_ms = 1, .first_byte_ms = 9});
  EXPECT_EQ(kept.connect_ms, std::nullopt);
  EXPECT_EQ(kept.first_byte_ms, 8);
  EXPECT_EQ(phases_of({}).dns_ms, std::nullopt);
}

TEST_F(HttpDestinationTest, WhatWasReplayedIsMarked) {
  client_.answer("hooks.example.com", "", 200);
  attempt();
  EXPECT_EQ(header("webhook-replay"), "");
  delivery_.replay_id = "rpl_1";
  attempt();
  EXPECT_EQ(header("webhook-replay"), "rpl_1");
}

TEST(HttpResult, FollowsTheTableOfStatuses) {
  struct Case {
    unsigned status;
    bool success;
    bool gone;
    bool retried_when_received;
  };
  const Case cases[] = {
      {200, true, false, true},   {299, true, false, true},   {301, false, false, false},
      {304, false, false, false}, {400, false, false, false}, {401, false, false, false},
      {404, false, false, false}, {408, false, false, true},  {410, false, true, false},
      {425, false, false, true},  {429, false, false, true},  {500, false, false, true},
      {502, false, false, true},  {503, false, false, true},  {599, false, false, true},
  };
  for (const Case& test : cases) {
    http::ClientResponse response;
    response.status = test.status;
    const auto produced = result_of(response, model::EventOrigin::kProduced, WallTime{});
    EXPECT_EQ(produced.success, test.success) << test.status;
    EXPECT_EQ(produced.gone, test.gone) << test.status;
    EXPECT_TRUE(produced.retryable) << test.status;
    EXPECT_EQ(produced.error_class, test.success ? "" : "http_status") << test.status;
    const auto received = result_of(response, model::EventOrigin::kReceived, WallTime{});
    EXPECT_EQ(received.retryable, test.retried_when_received) << test.status;
  }
}

TEST(HttpResult, HeedsRetryAfterOfBusyAndUnavailableAlone) {
  for (const unsigned status : {429u, 503u, 500u, 302u}) {
    http::ClientResponse response;
    response.status = status;
    response.headers.add("retry-after", "120");
    const auto result = result_of(response, model::EventOrigin::kProduced, WallTime{});
    const bool heeded = status == 429 || status == 503;
    EXPECT_EQ(result.retry_after, heeded ? std::optional<Milliseconds>(120s) : std::nullopt)
        << status;
  }
}

TEST(HttpResult, KeepsTheFirstFourKibibytesAsText) {
  EXPECT_EQ(response_head("ok\n"), "ok\n");
  EXPECT_EQ(response_head(std::string("a\0b\x1b", 4)), "a?b?");
  EXPECT_EQ(response_head("caf\xe9"), "caf?");
  const std::string cut = std::string(4095, 'x') + "\xc3\xa9 and more";
  EXPECT_EQ(response_head(cut), std::string(4095, 'x'));
  EXPECT_EQ(response_head(std::string(100'000, 'y')).size(), 4096u);
}

}  // namespace
}  // namespace verihook::destinations
