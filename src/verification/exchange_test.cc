#include "verification/exchange.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "smtp/classify.h"
#include "tests/support/simulated_network.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::verification {
namespace {

using testing::SimulatedPeer;

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    resolver_.set_addresses("mx1.example", {"192.0.2.1"});
    resolver_.set_addresses("mx2.example", {"192.0.2.2"});
  }
  ~ExchangeTest() override {
    bool stopped = false;
    asio::co_spawn(io_, stop(), [&](std::exception_ptr) { stopped = true; });
    time_.run();
    EXPECT_TRUE(stopped);
  }

  Task<void> stop() {
    if (pool_) co_await pool_->stop();
    co_await network_.stop();
  }

  // A server that knows everybody but "nobody…" and drops each connection after some recipients.
  void serve(const std::string& address, int recipients_before_reset = 1'000'000) {
    const net::Endpoint endpoint{*net::IpAddress::parse(address), 25};
    network_.listen(endpoint, [=](SimulatedPeer& peer) -> Task<void> {
      int left = recipients_before_reset;
      peer.write("220 mx.example\r\n");
      for (;;) {
        const auto line = co_await peer.read_line();
        if (!line) co_return;
        if (line->starts_with("EHLO")) {
          peer.write("250-mx.example\r\n250 PIPELINING\r\n");
        } else if (line->starts_with("RCPT TO:<nobody")) {
          peer.write("550 5.1.1 User unknown\r\n");
        } else {
          peer.write("250 2.0.0 Ok\r\n");
        }
        if (line->starts_with("RCPT") && --left == 0) {
          peer.reset();
          co_return;
        }
      }
    });
  }

  std::vector<MailboxAnswer> ask(int count, const std::string& name = "user") {
    if (!pool_) {
      pool_ =
          std::make_unique<ExchangePool>(io_.get_executor(), time_, resolver_, network_, options_);
    }
    std::vector<std::string> recipients;
    for (int i = 0; i < count; ++i) recipients.push_back(name + std::to_string(i) + "@d.example");
    std::vector<MailboxAnswer> answers;
    asio::co_spawn(io_, ask_into(std::move(recipients), answers), asio::detached);
    time_.run();
    return answers;
  }
  Task<void> ask_into(std::vector<std::string> recipients, std::vector<MailboxAnswer>& answers) {
    const std::vector<dns::MxRecord> hosts{{10, "mx1.example"}, {20, "mx2.example"}};
    answers = co_await pool_->exchange(hosts)->ask(std::move(recipients));
  }

  static smtp::ReplyClass class_of(const MailboxAnswer& answer) {
    return smtp::classify(answer.outcome).reply_class;
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  testing::SimulatedResolver resolver_{time_};
  testing::SimulatedNetwork network_{io_.get_executor(), time_};
  VerifierOptions options_;
  std::unique_ptr<ExchangePool> pool_;
};

TEST_F(ExchangeTest, AsksEverybodyThoughAConnectionTakesOnlyAFew) {
  options_.recipients_per_connection_max = 7;
  serve("192.0.2.1");
  const auto answers = ask(500);
  ASSERT_EQ(answers.size(), 500u);
  for (const MailboxAnswer& answer : answers) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
    EXPECT_EQ(answer.attempts, 1);
    EXPECT_EQ(answer.host, "mx1.example");
  }
  EXPECT_EQ(pool_->stats().recipients_asked, 500u);
}

TEST_F(ExchangeTest, GoesOnWithAServerThatDropsConnections) {
  serve("192.0.2.1", 3);
  const auto answers = ask(60, "nobody");
  ASSERT_EQ(answers.size(), 60u);
  for (const MailboxAnswer& answer : answers) {
    // The one whose reply was cut off has no verdict; all others have the server's word.
    const auto reply_class = class_of(answer);
    EXPECT_TRUE(reply_class == smtp::ReplyClass::kMailboxNotFound ||
                reply_class == smtp::ReplyClass::kConnectionLost)
        << smtp::reason_of(reply_class);
  }
}

TEST_F(ExchangeTest, TriesTheNextHostWhenTheFirstIsDead) {
  serve("192.0.2.2");
  const auto answers = ask(3);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(class_of(answers[0]), smtp::ReplyClass::kAccepted);
  EXPECT_EQ(answers[0].host, "mx2.example");
}

TEST_F(ExchangeTest, AnswersEverybodyWhenNoHostCanBeReachedAndAsksNotAgainAtOnce) {
  for (const MailboxAnswer& answer : ask(20)) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kNoConnect);
  }
  const std::size_t attempts = network_.attempts().size();
  for (const MailboxAnswer& answer : ask(20)) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kNoConnect);
  }
  EXPECT_EQ(network_.attempts().size(), attempts);
}

}  // namespace
}  // namespace verihook::verification
