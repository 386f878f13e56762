#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/simulated_network.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"
#include "verification/exchange_pool.h"

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

  // A server that greets with this and no more.
  void greet_with(const std::string& address, const std::string& banner) {
    network_.listen({*net::IpAddress::parse(address), 25}, [=](SimulatedPeer& peer) -> Task<void> {
      peer.write(banner + "\r\n");
      co_await peer.read_line();
    });
  }

  ExchangePool& pool() {
    if (!pool_) {
      pool_ =
          std::make_unique<ExchangePool>(io_.get_executor(), time_, resolver_, network_, options_);
    }
    return *pool_;
  }

  // Waits for every answer; whoever cancels it drops the ticket.
  static Task<void> ask_and_wait(std::shared_ptr<Exchange> exchange,
                                 std::vector<std::string> recipients, Exchange::OnAnswer on_answer,
                                 Asker asker = {}) {
    std::size_t open = recipients.size();
    WaitList done;
    const auto ticket = exchange->ask(
        std::move(recipients),
        [&](std::size_t index, MailboxAnswer&& answer) {
          on_answer(index, std::move(answer));
          if (--open == 0) done.wake_all();
        },
        std::move(asker));
    if (open > 0) co_await done.wait();
  }

  std::vector<MailboxAnswer> ask(int count, const std::string& name = "user") {
    pool();
    std::vector<std::string> recipients;
    for (int i = 0; i < count; ++i) recipients.push_back(name + std::to_string(i) + "@d.example");
    std::vector<MailboxAnswer> answers;
    asio::co_spawn(io_, ask_into(std::move(recipients), answers), asio::detached);
    time_.run();
    return answers;
  }
  Task<void> ask_into(std::vector<std::string> recipients, std::vector<MailboxAnswer>& answers,
                      Asker asker = {}) {
    const std::vector<dns::MxRecord> hosts{{10, "mx1.example"}, {20, "mx2.example"}};
    std::vector<MailboxAnswer> given(recipients.size());
    const auto on_answer = [&](std::size_t index, MailboxAnswer&& answer) {
      given.at(index) = std::move(answer);
    };
    co_await ask_and_wait(pool_->exchange(hosts), std::move(recipients), on_answer,
                          std::move(asker));
    answers = std::move(given);
  }
  Task<void> ask_and_be_cancelled(std::vector<std::string> recipients,
                                  std::vector<MailboxAnswer>& answers) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await ask_into(std::move(recipients), answers);
  }

  Task<void> ask_host(std::string host, std::vector<MailboxAnswer>& answers) {
    const auto on_answer = [&](std::size_t, MailboxAnswer&& answer) {
      answers.push_back(std::move(answer));
    };
    std::vector<std::string> recipients{"a@" + host};
    co_await ask_and_wait(pool_->exchange({{10, host}}), std::move(recipients), on_answer);
  }
  Task<void> ask_alone(std::vector<std::string>& transcript, MailboxAnswer& answer) {
    const auto exchange = pool_->exchange({{10, "mx1.example"}, {20, "mx2.example"}});
    answer = co_await exchange->ask_alone("a@d.example", transcript);
  }

  static smtp::ReplyClass class_of(const MailboxAnswer& answer) {
    return answer.classification.reply_class;
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

TEST_F(ExchangeTest, AsksOnceForTwoWhoWantToKnowTheSame) {
  serve("192.0.2.1");
  pool();
  std::vector<MailboxAnswer> first;
  std::vector<MailboxAnswer> second;
  asio::co_spawn(io_, ask_into({"a@d.example", "b@d.example"}, first), asio::detached);
  asio::co_spawn(io_, ask_into({"b@d.example", "a@d.example", "c@d.example"}, second),
                 asio::detached);
  time_.run();
  ASSERT_EQ(first.size(), 2u);
  ASSERT_EQ(second.size(), 3u);
  for (const MailboxAnswer& answer : second) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  }
  EXPECT_EQ(pool_->stats().recipients_asked, 3u);
}

TEST_F(ExchangeTest, PutsNoMoreQuestionsWhenWhoeverAskedIsGone) {
  std::vector<std::string> heard;
  asio::cancellation_signal leave;
  // One command at a time: it offers no PIPELINING.
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      if (line->starts_with("RCPT")) heard.push_back(*line);
                      if (heard.size() == 5) leave.emit(asio::cancellation_type::terminal);
                      peer.write("250 2.0.0 Ok\r\n");
                    }
                  });
  pool();
  std::vector<MailboxAnswer> gone;
  std::vector<MailboxAnswer> stays;
  std::vector<std::string> recipients;
  for (int i = 0; i < 100; ++i) recipients.push_back("user" + std::to_string(i) + "@d.example");
  asio::co_spawn(io_, ask_and_be_cancelled(recipients, gone),
                 asio::bind_cancellation_slot(leave.slot(), asio::detached));
  asio::co_spawn(io_, ask_into({"user7@d.example"}, stays), asio::detached);
  time_.run();
  ASSERT_EQ(gone.size(), 100u);
  EXPECT_LE(heard.size(), 7u) << "the one that was being asked, and the one that somebody wants";
  ASSERT_EQ(stays.size(), 1u);
  EXPECT_EQ(class_of(stays[0]), smtp::ReplyClass::kAccepted);
  EXPECT_TRUE(pool_->exchange({{10, "mx1.example"}, {20, "mx2.example"}})->idle());
}

TEST_F(ExchangeTest, AFewQuestionsAreNotBehindTheManyOfAnotherTenant) {
  options_.connections_per_group_max = 1;
  std::vector<std::string> heard;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      if (line->starts_with("RCPT")) heard.push_back(*line);
                      peer.write("250 2.0.0 Ok\r\n");
                    }
                  });
  pool();
  std::vector<std::string> many;
  for (int i = 0; i < 1'000; ++i) many.push_back("many" + std::to_string(i) + "@d.example");
  std::vector<std::string> few;
  for (int i = 0; i < 20; ++i) few.push_back("few" + std::to_string(i) + "@d.example");
  std::vector<MailboxAnswer> many_answers;
  std::vector<MailboxAnswer> few_answers;
  asio::co_spawn(io_, ask_into(many, many_answers, {"large", "job_1"}), asio::detached);
  asio::co_spawn(io_, ask_into(few, few_answers, {"small", "job_2"}), asio::detached);
  time_.run();
  EXPECT_EQ(many_answers.size(), 1'000u);
  EXPECT_EQ(few_answers.size(), 20u);
  const auto last_of_few = std::ranges::find_if(
      heard.rbegin(), heard.rend(), [](const auto& line) { return line.contains("<few"); });
  EXPECT_LE(heard.rend() - last_of_few, 100);
}

TEST_F(ExchangeTest, ALongTurnMakesRoomForWhoeverComesNew) {
  options_.traffic = {*TrafficRule::parse("* connections=1 recipients=10000")};
  options_.recipients_per_connection_max = 10'000;
  int mails = 0;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      co_await sleep_for(time_, Milliseconds{10});
                      if (line->starts_with("MAIL")) ++mails;
                      peer.write(line->starts_with("EHLO") ? "250-mx\r\n250 PIPELINING\r\n"
                                                           : "250 2.0.0 Ok\r\n");
                    }
                  });
  pool();
  std::vector<std::string> many;
  for (int i = 0; i < 1'000; ++i) many.push_back("many" + std::to_string(i) + "@d.example");
  std::vector<MailboxAnswer> many_answers;
  asio::co_spawn(io_, ask_into(many, many_answers, {"large", "job_1"}), asio::detached);
  // Until its turns have grown long.
  time_.advance(Milliseconds{3'000});
  const int mails_before = mails;
  for (const int arrival : {0, 130, 370}) {
    time_.advance(Milliseconds{arrival});
    std::vector<MailboxAnswer> few_answers;
    asio::co_spawn(
        io_,
        ask_into({"few" + std::to_string(arrival) + "@d.example"}, few_answers, {"small", "job_2"}),
        asio::detached);
    // What is on its way to the server, and some of a turn.
    time_.advance(Milliseconds{500});
    EXPECT_EQ(few_answers.size(), 1u) << arrival;
  }
  EXPECT_LE(mails - mails_before, 12);
  time_.run();
  ASSERT_EQ(many_answers.size(), 1'000u);
  EXPECT_TRUE(std::ranges::all_of(many_answers, [](const MailboxAnswer& answer) {
    return class_of(answer) == smtp::ReplyClass::kAccepted && answer.attempts == 1;
  }));
}

TEST_F(ExchangeTest, ASetOfHostsIsTheSameInWhateverOrder) {
  const auto one = pool().exchange({{10, "mx1.example"}, {20, "mx2.example"}});
  EXPECT_EQ(one, pool().exchange({{5, "mx2.example"}, {5, "mx1.example"}}));
  EXPECT_NE(one, pool().exchange({{10, "mx1.example"}}));
}

TEST_F(ExchangeTest, KeepsAwayFromAGroupThatBlocksUsAndSaysForHowLong) {
  greet_with("192.0.2.1", "554 5.7.1 192.0.2.9 is listed by zen.spamhaus.example blocklist");
  greet_with("192.0.2.2", "554 5.7.1 192.0.2.9 is listed by zen.spamhaus.example blocklist");
  const auto first = ask(200);
  ASSERT_EQ(first.size(), 200u);
  for (const MailboxAnswer& answer : first) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kBlocked);
  }
  EXPECT_EQ(pool_->stats().lanes_closed, 1u);
  const std::size_t attempts = network_.attempts().size();
  const auto second = ask(3);
  EXPECT_EQ(class_of(second[0]), smtp::ReplyClass::kBlocked);
  EXPECT_EQ(network_.attempts().size(), attempts) << "nobody is asked while the lane is closed";
  ASSERT_TRUE(second[0].retry_in);
  EXPECT_GT(*second[0].retry_in, Milliseconds{20 * 60'000});
}

TEST_F(ExchangeTest, HasFewerConnectionsWhenTheServerTakesOnlyOne) {
  int open = 0;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    if (open > 0) {
                      peer.write("421 4.7.0 Too many concurrent connections\r\n");
                      co_return;
                    }
                    ++open;
                    peer.write("220 mx.example\r\n");
                    for (;;) {
                      const auto line = co_await peer.read_line();
                      if (!line) break;
                      peer.write("250 2.0.0 Ok\r\n");
                    }
                    --open;
                  },
                  {.latency = Milliseconds{10}});
  const auto answers = ask(500);
  ASSERT_EQ(answers.size(), 500u);
  for (const MailboxAnswer& answer : answers) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  }
}

TEST_F(ExchangeTest, KeepsToTheConnectionsOfItsGroupWhateverTheNumberOfHostSets) {
  options_.traffic = {*TrafficRule::parse("* connections=3")};
  serve("192.0.2.1");
  std::vector<std::vector<MailboxAnswer>> answers(40);
  pool();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string host = "tenant" + std::to_string(i) + ".mx.example";
    resolver_.set_addresses(host, {"192.0.2.1"});
    asio::co_spawn(io_, ask_host(host, answers[i]), asio::detached);
  }
  time_.run();
  for (const auto& one : answers) {
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(class_of(one[0]), smtp::ReplyClass::kAccepted);
  }
  EXPECT_LE(network_.open_max(), 3u);
}

TEST_F(ExchangeTest, SaysWhenNoGroupCanBeReachedAndNoneWasLately) {
  options_.egress_sample = 4;
  std::vector<std::vector<MailboxAnswer>> answers(4);
  pool();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_FALSE(pool_->take_egress_blocked());
    const std::string host = "mx.dead" + std::to_string(i) + ".example";
    resolver_.set_addresses(host, {"192.0.2.77"});
    asio::co_spawn(io_, ask_host(host, answers[i]), asio::detached);
    time_.run();
  }
  EXPECT_TRUE(pool_->take_egress_blocked());
  EXPECT_FALSE(pool_->take_egress_blocked());
}

TEST_F(ExchangeTest, GoesFromAnotherAddressWhenAGroupBlocksTheOne) {
  options_.sources = {*EgressSource::parse("198.51.100.1"), *EgressSource::parse("198.51.100.2")};
  std::optional<net::IpAddress> blocked;
  network_.listen(
      {*net::IpAddress::parse("192.0.2.1"), 25}, [&](SimulatedPeer& peer) -> Task<void> {
        if (!blocked) blocked = peer.client_source();
        peer.write("220 mx.example\r\n");
        for (;;) {
          const auto line = co_await peer.read_line();
          if (!line) co_return;
          const bool refuse = line->starts_with("RCPT") && peer.client_source() == blocked;
          peer.write(refuse ? "550 5.7.1 Blocked by zen.spamhaus.example\r\n" : "250 2.0.0 Ok\r\n");
        }
      });
  for (const MailboxAnswer& answer : ask(120)) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  }
  EXPECT_EQ(pool_->stats().lanes_closed, 1u);
}

TEST_F(ExchangeTest, UsesASourceOfTheHostsFamily) {
  options_.sources = {*EgressSource::parse("2001:db8::5"), *EgressSource::parse("198.51.100.2"),
                      *EgressSource::parse("2001:db8::6")};
  serve("192.0.2.1");
  for (const MailboxAnswer& answer : ask(3)) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  }
}

TEST_F(ExchangeTest, ASourceOfTheHostsFamilyStaysInUseWhenTheyAreDeadForAWhile) {
  options_.sources = {*EgressSource::parse("198.51.100.2")};
  resolver_.set_addresses("mx1.example", {"192.0.2.1", "2001:db8::1"});
  resolver_.set_addresses("mx2.example", {"192.0.2.2", "2001:db8::2"});
  for (const MailboxAnswer& answer : ask(3)) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kNoConnect);
  }
  serve("192.0.2.1");
  time_.advance(Milliseconds{60'000});
  const auto answers = ask(3);
  ASSERT_EQ(answers.size(), 3u);
  for (const MailboxAnswer& answer : answers) {
    EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  }
}

TEST_F(ExchangeTest, AsksForEncryptionAsTheOperatorWants) {
  for (const auto& [policy, asks] : {std::pair{smtp::TlsPolicy::kNever, false},
                                     {smtp::TlsPolicy::kWhenDemanded, false},
                                     {smtp::TlsPolicy::kOpportunistic, true}}) {
    options_.starttls = policy;
    bool asked = false;
    network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                    [&](SimulatedPeer& peer) -> Task<void> {
                      peer.write("220 mx.example\r\n");
                      while (const auto line = co_await peer.read_line()) {
                        asked |= line->starts_with("STARTTLS");
                        peer.write(line->starts_with("STARTTLS") ? "454 not now\r\n"
                                   : line->starts_with("EHLO")   ? "250-mx\r\n250 STARTTLS\r\n"
                                                                 : "250 Ok\r\n");
                      }
                    });
    if (pool_) asio::co_spawn(io_, pool_->stop(), asio::detached);
    time_.run();
    pool_.reset();
    EXPECT_EQ(class_of(ask(1).at(0)), smtp::ReplyClass::kAccepted);
    EXPECT_EQ(asked, asks);
  }
}

TEST_F(ExchangeTest, AskingAloneTellsWhatWasSaid) {
  serve("192.0.2.2");
  std::vector<std::string> transcript;
  MailboxAnswer answer;
  pool();
  asio::co_spawn(io_, ask_alone(transcript, answer), asio::detached);
  time_.run();
  EXPECT_EQ(class_of(answer), smtp::ReplyClass::kAccepted);
  EXPECT_EQ(answer.host, "mx2.example");
  const auto has = [&](const std::string& line) {
    return std::ranges::find(transcript, line) != transcript.end();
  };
  EXPECT_TRUE(has("mx1.example: 192.0.2.1:25"));
  EXPECT_TRUE(has("mx2.example: 192.0.2.2:25"));
  EXPECT_TRUE(has("C: RCPT TO:<a@d.example>")) << transcript.back();
  EXPECT_TRUE(has("S: 220 mx.example"));
}

}  // namespace
}  // namespace verihook::verification
