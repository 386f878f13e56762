#include "destinations/services/nats_protocol.h"

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

using Step = StreamProtocol::Step;

constexpr std::string_view kInfo =
    "INFO {\"server_id\":\"x\",\"headers\":true,\"max_payload\":1000,\"jetstream\":true} \r\n";
constexpr std::string_view kStored = R"({"stream":"EVENTS","seq":5})";

ServiceAddress server(std::string user = {}, std::string password = {}, bool tls = false) {
  ServiceAddress address;
  address.user = std::move(user);
  address.password = std::move(password);
  address.tls = tls;
  return address;
}

StreamMessage message(std::string payload = "{}") {
  StreamMessage made;
  made.target = "events.x";
  made.id = "evt_1.dst_1";
  made.fields = {{"webhook_id", "evt_1"}};
  made.payload = std::move(payload);
  return made;
}

std::string reply(std::uint64_t number, std::string_view body) {
  return "MSG _INBOX.me." + std::to_string(number) + " 1 " + std::to_string(body.size()) + "\r\n" +
         std::string(body) + "\r\n";
}

class NatsProtocolTest : public ::testing::Test {
 protected:
  void be_ready() {
    ASSERT_TRUE(nats_.receive(kInfo));
    ASSERT_TRUE(nats_.receive("PONG\r\n"));
    ASSERT_EQ(nats_.step(), Step::kReady);
    nats_.take_output();
  }
  // What becomes of one message to which the server says this.
  Result<std::string> answer_to(std::string_view bytes) {
    be_ready();
    nats_.send(7, message());
    if (const auto received = nats_.receive(bytes); !received) {
      return std::unexpected(received.error());
    }
    auto answers = nats_.take_answers();
    if (answers.size() != 1 || answers[0].number != 7) return fail(Errc::kInternal, "no answer");
    return answers[0].said;
  }

  NatsProtocol nats_{server(), "_INBOX.me"};
};

TEST_F(NatsProtocolTest, IntroducesItselfAndWaitsUntilThatWasTaken) {
  EXPECT_EQ(nats_.step(), Step::kRead);
  EXPECT_EQ(nats_.take_output(), "");
  ASSERT_TRUE(nats_.receive(kInfo));
  EXPECT_EQ(nats_.step(), Step::kRead);
  const std::string output = nats_.take_output();
  EXPECT_TRUE(output.starts_with("CONNECT {")) << output;
  EXPECT_TRUE(output.ends_with("\r\nSUB _INBOX.me.* 1\r\nPING\r\n")) << output;
  EXPECT_FALSE(output.contains("user")) << output;
  ASSERT_TRUE(nats_.receive("PING\r\nPONG\r\n"));
  EXPECT_EQ(nats_.take_output(), "PONG\r\n");
  EXPECT_EQ(nats_.step(), Step::kReady);
}

TEST_F(NatsProtocolTest, PublishesWithHeadersAndTheBytesAsTheyAre) {
  be_ready();
  nats_.send(3, message("a\r\nb"));
  const std::string headers = "NATS/1.0\r\nNats-Msg-Id: evt_1.dst_1\r\nwebhook_id: evt_1\r\n\r\n";
  EXPECT_EQ(nats_.take_output(), "HPUB events.x _INBOX.me.3 " + std::to_string(headers.size()) +
                                     " " + std::to_string(headers.size() + 4) + "\r\n" + headers +
                                     "a\r\nb\r\n");
}

TEST_F(NatsProtocolTest, AValueCannotBeASecondHeader) {
  be_ready();
  StreamMessage sly = message();
  sly.fields = {{"source", "a\r\nNats-Rollup: all"}};
  sly.expected_stream = "EVENTS";
  nats_.send(3, sly);
  const std::string output = nats_.take_output();
  EXPECT_TRUE(output.contains("source: a  Nats-Rollup: all\r\n")) << output;
  EXPECT_TRUE(output.contains("Nats-Expected-Stream: EVENTS\r\n")) << output;
}

TEST_F(NatsProtocolTest, TakesAcknowledgementsInAnyOrderAndCutAnywhere) {
  be_ready();
  nats_.send(1, message());
  nats_.send(2, message());
  const std::string bytes = reply(2, kStored) + "+OK\r\n" + reply(1, kStored);
  for (const char byte : bytes) ASSERT_TRUE(nats_.receive({&byte, 1}));
  const auto answers = nats_.take_answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].number, 2u);
  EXPECT_EQ(answers[1].number, 1u);
  EXPECT_EQ(answers[1].said, std::string(kStored));
}

TEST_F(NatsProtocolTest, LeavesAloneWhatIsNotForIt) {
  be_ready();
  nats_.send(1, message());
  ASSERT_TRUE(nats_.receive("MSG other 1 2\r\nhi\r\n" + reply(9, kStored) + reply(1, kStored) +
                            reply(1, kStored)));
  EXPECT_EQ(nats_.take_answers().size(), 1u);
}

TEST_F(NatsProtocolTest, NoStreamTakesTheSubject) {
  const auto said = answer_to("HMSG _INBOX.me.7 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Errc::kBusy);
  EXPECT_TRUE(said.error().message.contains("events.x")) << said.error().message;
}

TEST_F(NatsProtocolTest, ARefusalOfJetStreamHasItsClass) {
  const auto said = answer_to(reply(
      7,
      R"({"error":{"code":400,"err_code":10060,"description":"expected stream does not match"}})"));
  EXPECT_EQ(said, fail(Errc::kConflict, "JetStream answered: expected stream does not match"));
}

TEST_F(NatsProtocolTest, AFullStreamCanPass) {
  const auto said = answer_to(reply(
      7, R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})"));
  EXPECT_EQ(said, fail(Errc::kBusy, "JetStream answered: maximum bytes exceeded"));
}

TEST_F(NatsProtocolTest, AForbiddenSubjectIsTheAnswerToItsMessage) {
  const auto said = answer_to("-ERR 'Permissions Violation for Publish to \"events.x\"'\r\n");
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Errc::kForbidden);
}

TEST_F(NatsProtocolTest, AnErrorEndsTheConnection) {
  const auto said = answer_to("-ERR 'Stale Connection'\r\n");
  EXPECT_EQ(said, fail(Errc::kProtocol, "NATS answered: Stale Connection"));
}

TEST_F(NatsProtocolTest, WhatIsNoAcknowledgementIsNoSuccess) {
  for (const std::string_view body : {"", "ok", "[]", "{}", R"({"stream":"","seq":1})"}) {
    NatsProtocol nats(server(), "_INBOX.me");
    ASSERT_TRUE(nats.receive(kInfo));
    nats.send(1, message());
    ASSERT_TRUE(nats.receive(reply(1, body)));
    const auto answers = nats.take_answers();
    ASSERT_EQ(answers.size(), 1u);
    ASSERT_FALSE(answers[0].said) << body;
    EXPECT_EQ(answers[0].said.error().code, Errc::kProtocol);
  }
}

TEST_F(NatsProtocolTest, WhatTheServerWouldNotTakeIsNotSent) {
  be_ready();
  nats_.send(1, message(std::string(1000, 'x')));
  EXPECT_EQ(nats_.take_output(), "");
  const auto answers = nats_.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].said.error().code, Errc::kTooLarge);
}

TEST(NatsProtocol, SignsInWithUserAndPasswordOrAToken) {
  NatsProtocol nats(server("me", "se\"cret"), "_INBOX.me");
  ASSERT_TRUE(nats.receive(kInfo));
  EXPECT_TRUE(nats.take_output().contains(R"("user":"me","pass":"se\"cret")"));
  NatsProtocol token(server("t0ken"), "_INBOX.me");
  ASSERT_TRUE(token.receive(kInfo));
  EXPECT_TRUE(token.take_output().contains(R"("auth_token":"t0ken")"));
  const auto refused = token.receive("-ERR 'Authorization Violation'\r\n");
  EXPECT_EQ(refused, fail(Errc::kUnauthorized, "NATS answered: Authorization Violation"));
}

TEST(NatsProtocol, EncryptsBeforeItSaysWhoItIs) {
  NatsProtocol nats(server("me", "secret"), "_INBOX.me");
  ASSERT_TRUE(nats.receive("INFO {\"headers\":true,\"tls_required\":true}\r\n"));
  EXPECT_EQ(nats.step(), Step::kStartTls);
  EXPECT_EQ(nats.take_output(), "");
  nats.tls_started();
  EXPECT_TRUE(nats.take_output().contains(R"("tls_required":true)"));
  EXPECT_EQ(nats.step(), Step::kRead);
}

TEST(NatsProtocol, TlsThatWasAskedForIsNotLeftOut) {
  NatsProtocol nats(server("me", "secret", true), "_INBOX.me");
  const auto received = nats.receive(kInfo);
  EXPECT_EQ(received, fail(Errc::kTls, "the NATS server offers no TLS"));
}

TEST(NatsProtocol, NothingIsTakenThatCameBeforeTheEncryption) {
  NatsProtocol nats(server("", "", true), "_INBOX.me");
  const auto received = nats.receive("INFO {\"headers\":true,\"tls_available\":true}\r\nPONG\r\n");
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kProtocol);
}

TEST(NatsProtocol, WhatIsNotNatsIsRefused) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "INFO x\r\n", "MSG a\r\n", "MSG a 1 x\r\n",
        "HMSG a 1 5 4\r\n", "MSG a 1 99999999\r\n", "MSG a 1 2\r\nabc\r\n"}) {
    NatsProtocol nats(server(), "_INBOX.me");
    const auto received = nats.receive(bytes);
    ASSERT_FALSE(received) << bytes;
    EXPECT_EQ(received.error().code, Errc::kProtocol) << bytes;
  }
  NatsProtocol nats(server(), "_INBOX.me");
  EXPECT_FALSE(nats.receive(std::string(70'000, 'x')));
}

}  // namespace
}  // namespace verihook::destinations
