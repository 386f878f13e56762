#include "smtp/client.h"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "base/text.h"
#include "smtp/asked_all.h"
#include "smtp/classify.h"
#include "tests/support/simulated_network.h"
#include "tests/support/virtual_time.h"

namespace verihook::smtp {
namespace {

using testing::SimulatedNetwork;
using testing::SimulatedPeer;
using testing::VirtualTime;
using namespace std::chrono_literals;

// What the server did with one connection: the lines it read.
struct Server {
  std::vector<std::string> lines;
  bool offers_tls = false;
  bool breaks_tls = false;
  bool demands_tls = false;
  bool silent_at_rcpt = false;
  Milliseconds banner_delay{0};

  Task<void> serve(SimulatedPeer& peer, Timers& timers) {
    bool secure = false;
    co_await sleep_for(timers, banner_delay);
    peer.write("220-mx.a.test\r\n220 ready\r\n");
    for (;;) {
      const auto line = co_await peer.read_line();
      if (!line) co_return;
      lines.push_back(*line);
      if (line->starts_with("EHLO")) {
        peer.write(offers_tls && !secure ? "250-mx.a.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n"
                                         : "250-mx.a.test\r\n250 PIPELINING\r\n");
      } else if (*line == "STARTTLS") {
        peer.write("220 go\r\n");
        if (breaks_tls) {
          co_await peer.refuse_tls();
          co_return;
        }
        secure = co_await peer.accept_tls({{"mx.a.test"}, false});
        if (!secure) co_return;
      } else if (line->starts_with("MAIL") && demands_tls && !secure) {
        peer.write("530 5.7.0 Must issue a STARTTLS command first\r\n");
      } else if (*line == "QUIT") {
        peer.write("221 bye\r\n");
        co_return;
      } else if (line->starts_with("RCPT") && silent_at_rcpt) {
        continue;
      } else if (line->find("nobody") != std::string::npos) {
        peer.write("550 5.1.1 no such user\r\n");
      } else {
        peer.write("250 ok\r\n");
      }
    }
  }
};

class ConversationTest : public ::testing::Test {
 protected:
  ConversationTest() {
    options_.session.helo = "probe.example";
    options_.session.mail_from = "v@probe.example";
  }
  ~ConversationTest() override {
    group_.cancel();
    time_.run();
    group_.spawn("stop", network_.stop());
    time_.run();
  }

  void listen(testing::SimulatedFaults faults = {}) {
    network_.listen(
        kEndpoint, [this](SimulatedPeer& peer) { return server_.serve(peer, time_); }, faults);
  }

  struct Asked {
    std::optional<Outcome> refusal;
    std::vector<RecipientOutcome> outcomes;
    bool tls = false;
    bool done = false;
  };
  Task<void> talk(std::vector<std::string> recipients, Asked& asked) {
    Conversation conversation(network_, time_.clock(),
                              std::make_shared<ConversationOptions>(options_),
                              {kEndpoint, "mx.a.test"});
    if (!co_await conversation.connect(Deadline::never())) asked.refusal = *conversation.refusal();
    asked.outcomes = co_await ask_all(conversation, std::move(recipients));
    asked.tls = conversation.tls_active();
    co_await conversation.quit();
    asked.done = true;
  }
  Asked ask(std::vector<std::string> recipients) {
    Asked asked;
    group_.spawn("talk", talk(std::move(recipients), asked));
    time_.run();
    EXPECT_TRUE(asked.done);
    return asked;
  }

  static ReplyClass class_of(const RecipientOutcome& item) {
    return classify(item.outcome).reply_class;
  }

  static constexpr net::Endpoint kEndpoint{{false, {192, 0, 2, 25}}, 25};
  asio::io_context io_{1};
  VirtualTime time_{io_};
  SimulatedNetwork network_{io_.get_executor(), time_};
  Server server_;
  ConversationOptions options_;
  TaskGroup group_{io_.get_executor(), "test"};
};

TEST_F(ConversationTest, AsksAndTakesLeave) {
  listen();
  const auto asked = ask({"a@a.test", "nobody@a.test"});
  EXPECT_FALSE(asked.refusal.has_value());
  ASSERT_EQ(asked.outcomes.size(), 2u);
  EXPECT_EQ(class_of(asked.outcomes[0]), ReplyClass::kAccepted);
  EXPECT_EQ(class_of(asked.outcomes[1]), ReplyClass::kMailboxNotFound);
  EXPECT_EQ(server_.lines.back(), "QUIT");
}

TEST_F(ConversationTest, GetsTheSameAnswersFromSplitReads) {
  listen({.latency = 50ms, .split_reads = true});
  const auto asked = ask({"a@a.test", "nobody@a.test", "c@a.test"});
  ASSERT_EQ(asked.outcomes.size(), 3u);
  EXPECT_EQ(class_of(asked.outcomes[1]), ReplyClass::kMailboxNotFound);
  EXPECT_EQ(class_of(asked.outcomes[2]), ReplyClass::kAccepted);
}

TEST_F(ConversationTest, UsesTlsWhenOfferedWhoeverSignedTheCertificate) {
  server_.offers_tls = true;
  listen();
  const auto asked = ask({"a@a.test"});
  EXPECT_TRUE(asked.tls);
  EXPECT_EQ(class_of(asked.outcomes.at(0)), ReplyClass::kAccepted);
}

TEST_F(ConversationTest, ConnectsAgainWithoutTlsWhenTheHandshakeFails) {
  server_.offers_tls = server_.breaks_tls = true;
  listen();
  const auto asked = ask({"a@a.test"});
  EXPECT_FALSE(asked.tls);
  EXPECT_EQ(class_of(asked.outcomes.at(0)), ReplyClass::kAccepted);
  EXPECT_EQ(network_.attempts_to(kEndpoint), 2u);
}

TEST_F(ConversationTest, ReportsTlsRequiredWhenItIsDemandedAndBroken) {
  server_.offers_tls = server_.breaks_tls = server_.demands_tls = true;
  listen();
  EXPECT_EQ(class_of(ask({"a@a.test"}).outcomes.at(0)), ReplyClass::kTlsRequired);
}

TEST_F(ConversationTest, WaitsForASlowBannerButNotForEver) {
  server_.banner_delay = 12s;
  listen();
  EXPECT_EQ(class_of(ask({"a@a.test"}).outcomes.at(0)), ReplyClass::kAccepted);
  server_.banner_delay = 60s;
  const auto start = time_.clock().monotonic_now();
  const auto asked = ask({"a@a.test"});
  EXPECT_EQ(class_of(asked.outcomes.at(0)), ReplyClass::kTimeout);
  ASSERT_TRUE(asked.refusal.has_value());
  EXPECT_EQ(asked.refusal->stage, Stage::kBanner);
  EXPECT_GE(time_.clock().monotonic_now() - start, 20s);
}

TEST_F(ConversationTest, GivesUpOnASilentServerAndStillSaysQuit) {
  server_.silent_at_rcpt = true;
  listen();
  const auto asked = ask({"a@a.test", "b@a.test"});
  EXPECT_EQ(class_of(asked.outcomes.at(0)), ReplyClass::kTimeout);
  EXPECT_EQ(class_of(asked.outcomes.at(1)), ReplyClass::kNotAttempted);
  EXPECT_EQ(server_.lines.back(), "QUIT");
}

// One byte a second, for ever: the deadline of the banner is not moved by it.
TEST_F(ConversationTest, TricklingBytesDoNotExtendADeadline) {
  network_.listen(kEndpoint, [this](SimulatedPeer& peer) -> Task<void> {
    while (peer.write("2")) co_await sleep_for(time_, 1s);
  });
  Asked asked;
  group_.spawn("talk", talk({"a@a.test"}, asked));
  time_.advance(30s);
  ASSERT_TRUE(asked.done);
  EXPECT_EQ(class_of(asked.outcomes.at(0)), ReplyClass::kTimeout);
}

TEST_F(ConversationTest, EndlessRepliesEndAsAProtocolError) {
  network_.listen(kEndpoint, [this](SimulatedPeer& peer) -> Task<void> {
    while (peer.write("220-more\r\n")) co_await sleep_for(time_, 10ms);
  });
  EXPECT_EQ(class_of(ask({"a@a.test"}).outcomes.at(0)), ReplyClass::kProtocolError);
}

TEST_F(ConversationTest, ReportsNoConnectionForARefusedOrHangingOne) {
  const auto refused = ask({"a@a.test"});
  EXPECT_EQ(class_of(refused.outcomes.at(0)), ReplyClass::kNoConnect);
  listen({.never_answer = true});
  EXPECT_EQ(class_of(ask({"a@a.test"}).outcomes.at(0)), ReplyClass::kNoConnect);
}

// The server's side is cut after each byte of the whole dialogue, by a reset and by an end of
// stream.
TEST_F(ConversationTest, IsNeverInvalidWhereverTheConnectionBreaks) {
  server_.offers_tls = true;
  std::size_t answered = 0;
  for (std::size_t bytes = 0; bytes < 260; ++bytes) {
    for (const bool reset : {true, false}) {
      testing::SimulatedFaults faults;
      (reset ? faults.reset_after_bytes : faults.close_after_bytes) = bytes;
      listen(faults);
      const auto asked = ask({"a@a.test", "b@a.test"});
      ASSERT_EQ(asked.outcomes.size(), 2u);
      for (const auto& item : asked.outcomes) {
        EXPECT_FALSE(is_invalid(class_of(item))) << bytes;
        if (class_of(item) == ReplyClass::kAccepted) ++answered;
      }
    }
  }
  EXPECT_GT(answered, 0u);
}

TEST_F(ConversationTest, ACancelledAskStillTakesLeave) {
  server_.silent_at_rcpt = true;
  listen();
  Asked asked;
  group_.spawn("talk", talk({"a@a.test"}, asked));
  time_.advance(1s);
  group_.cancel();
  time_.advance(5s);
  EXPECT_EQ(group_.size(), 0u);
  EXPECT_EQ(server_.lines.back(), "QUIT");
}

TEST_F(ConversationTest, AsksAgainOnTheSameConnection) {
  listen();
  bool done = false;
  const auto body = [this, &done]() -> Task<void> {
    options_.session.trace = true;
    Conversation conversation(network_, time_.clock(),
                              std::make_shared<ConversationOptions>(options_),
                              {kEndpoint, "mx.a.test"});
    co_await conversation.connect(Deadline::never());
    for (const char* name : {"a@a.test", "nobody@a.test", "b@a.test"}) {
      const auto outcomes = co_await ask_all(conversation, {name});
      EXPECT_EQ(outcomes.at(0).recipient, name);
      EXPECT_EQ(outcomes.at(0).outcome.kind, OutcomeKind::kReplied);
      co_await sleep_for(time_, 5s);
    }
    EXPECT_TRUE(conversation.usable());
    EXPECT_EQ(conversation.peer(), kEndpoint);
    co_await conversation.quit();
    EXPECT_FALSE(conversation.usable());
    EXPECT_EQ(conversation.trace().front(), "S: 220 mx.a.test");
    EXPECT_EQ(conversation.trace().back(), "S: 221 bye");
    const auto late = co_await ask_all(conversation, {"c@a.test"});
    EXPECT_EQ(late.at(0).outcome.kind, OutcomeKind::kNotAsked);
    done = true;
  };
  group_.spawn("talk", body());
  time_.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(network_.attempts_to(kEndpoint), 1u);
}

TEST_F(ConversationTest, KeepsToTheCallersDeadline) {
  server_.silent_at_rcpt = true;
  listen();
  bool done = false;
  const auto body = [this, &done]() -> Task<void> {
    Conversation conversation(network_, time_.clock(),
                              std::make_shared<ConversationOptions>(options_),
                              {kEndpoint, "mx.a.test"});
    co_await conversation.connect(Deadline::never());
    const auto start = time_.clock().monotonic_now();
    const auto outcomes =
        co_await ask_all(conversation, {"a@a.test"}, Deadline::after(time_.clock(), 3s));
    EXPECT_EQ(classify(outcomes.at(0).outcome).reply_class, ReplyClass::kTimeout);
    EXPECT_LE(time_.clock().monotonic_now() - start, 6s);
    done = true;
  };
  group_.spawn("talk", body());
  time_.run();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace verihook::smtp
