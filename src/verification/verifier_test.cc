#include "verification/verifier.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulated_network.h"
#include "tests/support/simulated_resolver.h"
#include "tests/support/virtual_time.h"

namespace verihook::verification {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SimulatedPeer;
using ::testing::SizeIs;

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() {
    resolver_.set_mx("d.example", {{10, "mx.example"}});
    resolver_.set_addresses("mx.example", {"192.0.2.1"});
    network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                    [this](SimulatedPeer& peer) { return serve(peer); });
  }
  ~VerifierTest() override {
    asio::co_spawn(io_, stop(), asio::detached);
    time_.run();
  }

  Task<void> stop() {
    co_await verifier().stop();
    co_await network_.stop();
  }

  Task<void> serve(SimulatedPeer& peer) {
    peer.write("220 mx.example\r\n");
    for (;;) {
      const auto line = co_await peer.read_line();
      if (!line) co_return;
      const bool unknown = line->starts_with("RCPT") && !line->contains("<known");
      peer.write(unknown ? "550 5.1.1 User unknown\r\n" : "250 2.0.0 Ok\r\n");
    }
  }

  Verifier& verifier() {
    if (!verifier_) {
      verifier_ = std::make_unique<Verifier>(io_.get_executor(), time_, random_, nullptr, lists_,
                                             resolver_, network_, options_);
    }
    return *verifier_;
  }

  model::Verdict verify(const std::string& email, const model::JobOptions& options = {},
                        Trace* trace = nullptr) {
    model::Verdict verdict;
    verifier();
    asio::co_spawn(io_, verify_into(email, options, trace, verdict), asio::detached);
    time_.run();
    return verdict;
  }
  Task<void> verify_into(std::string email, model::JobOptions options, Trace* trace,
                         model::Verdict& verdict) {
    const auto deadline = Deadline::after(time_.clock(), Milliseconds{60'000});
    verdict = co_await verifier_->verify(std::move(email), options, deadline, trace);
  }

  asio::io_context io_{1};
  testing::VirtualTime time_{io_};
  SeededRandom random_{7};
  testing::SimulatedResolver resolver_{time_};
  testing::SimulatedNetwork network_{io_.get_executor(), time_};
  std::shared_ptr<const address::Lists> lists_ =
      *address::Lists::load("verihook-lists 1\nlist role own 1\nadmin\n");
  VerifierOptions options_;
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(VerifierTest, WhoWaitsForTheResolverLosesNoneOfItsTime) {
  options_.lookups_in_flight_max = 1;
  options_.dns_deadline_ms = Milliseconds{10'000};
  resolver_.set_delay(Milliseconds{4'000});
  std::vector<std::string> emails;
  for (int i = 0; i < 10; ++i) emails.push_back("user@d" + std::to_string(i) + ".example");
  std::vector<model::Reason> reasons;
  model::JobOptions options;
  options.smtp = false;
  verifier();
  asio::co_spawn(io_,
                 verifier_->verify_all(emails, options, {},
                                       [&](std::size_t, model::Verdict verdict) {
                                         reasons.push_back(verdict.reason);
                                       }),
                 asio::detached);
  time_.run();
  EXPECT_THAT(reasons, SizeIs(10));
  EXPECT_THAT(reasons, Each(model::Reason::kInvalidDomain));
}

TEST_F(VerifierTest, AsksTheSameMailboxOnceADayUnlessToldToAskAgain) {
  const model::Verdict first = verify("known@d.example");
  EXPECT_EQ(first.reason, model::Reason::kAcceptedEmail);
  EXPECT_EQ(first.is_catch_all, false);
  const auto asked = verifier().stats().recipients_asked;
  const model::Verdict second = verify("known@D.Example");
  EXPECT_EQ(second.email, "known@D.Example");
  EXPECT_EQ(second.reason, model::Reason::kAcceptedEmail);
  EXPECT_EQ(second.is_catch_all, false);
  EXPECT_EQ(second.checked_at, first.checked_at) << "it says when it was found out";
  EXPECT_EQ(second.mx->host, "mx.example");
  EXPECT_EQ(verifier().stats().recipients_asked, asked);
  EXPECT_EQ(verifier().stats().cache_hits, 1u);

  model::JobOptions again;
  again.cache = false;
  verify("known@d.example", again);
  EXPECT_EQ(verifier().stats().recipients_asked, asked + 1);
}

TEST_F(VerifierTest, APolicyAppliesToWhatComesFromMemoryToo) {
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25}, [](SimulatedPeer& peer) -> Task<void> {
    peer.write("220 mx.example\r\n");
    while (co_await peer.read_line()) peer.write("250 2.0.0 Ok\r\n");
  });
  EXPECT_EQ(verify("known@d.example").status, model::Status::kRisky);
  model::JobOptions trusting;
  trusting.catch_all_as = model::CatchAllAs::kValid;
  EXPECT_EQ(verify("known@d.example", trusting).status, model::Status::kValid);
  EXPECT_EQ(verifier().stats().cache_hits, 1u);
}

TEST_F(VerifierTest, AListAtOneSlowServerHasItsVerdictsAsTheAnswersCome) {
  std::size_t answered = 0;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      co_await sleep_for(time_, Milliseconds{100});
                      const bool is_rcpt = line->starts_with("RCPT");
                      answered += is_rcpt ? 1 : 0;
                      peer.write(is_rcpt && !line->contains("<known") ? "550 5.1.1 unknown\r\n"
                                                                      : "250 2.0.0 Ok\r\n");
                    }
                  });
  options_.traffic = {*TrafficRule::parse("* connections=1 recipients=10000")};
  options_.recipients_per_connection_max = 10'000;
  std::vector<std::string> emails;
  for (int i = 0; i < 300; ++i) {
    emails.push_back((i % 3 == 0 ? "nobody" : "known") + std::to_string(i) + "@d.example");
  }
  std::size_t verdicts = 0;
  verifier();
  const auto count = [&](std::size_t, const model::Verdict&) { ++verdicts; };
  asio::co_spawn(io_, verifier_->verify_all(emails, {}, {"a", "job_1"}, count), asio::detached);
  time_.advance(Milliseconds{5'000});
  ASSERT_GT(answered, 20u);
  for (int second = 0; second < 10; ++second) {
    time_.advance(Milliseconds{1'000});
    // The question about a random mailbox, and the reply that is being read.
    EXPECT_GE(verdicts + 2, answered);
    EXPECT_LT(verdicts, emails.size());
  }
  time_.run();
  EXPECT_EQ(verdicts, emails.size());
  EXPECT_EQ(answered, emails.size() + 1);
}

TEST_F(VerifierTest, ACancelledListIsOverAtOnceThoughMostOfItsDomainsWaitForAPlace) {
  options_.domains_in_flight_max = 2;
  std::size_t asked = 0;
  asio::cancellation_signal leave;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      if (line->starts_with("RCPT") && ++asked == 3) {
                        leave.emit(asio::cancellation_type::terminal);
                      }
                      peer.write("250 2.0.0 Ok\r\n");
                    }
                  });
  std::vector<std::string> emails;
  for (int i = 0; i < 100; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".example";
    resolver_.set_mx(domain, {{10, "mx.example"}});
    emails.push_back("known@" + domain);
  }
  bool ended = false;
  verifier();
  asio::co_spawn(io_, verifier_->verify_all(emails, {}, {}, [](std::size_t, model::Verdict&&) {}),
                 asio::bind_cancellation_slot(leave.slot(), [&](std::exception_ptr error) {
                   ended = true;
                   EXPECT_FALSE(error);
                 }));
  time_.run();
  EXPECT_TRUE(ended);
  EXPECT_LE(asked, 4u) << "and one that was on its way";
}

TEST_F(VerifierTest, AQuestionAboutARandomMailboxOutlivesTheListThatPutIt) {
  std::size_t random_mailboxes = 0;
  asio::cancellation_signal leave;
  network_.listen({*net::IpAddress::parse("192.0.2.1"), 25},
                  [&](SimulatedPeer& peer) -> Task<void> {
                    peer.write("220 mx.example\r\n");
                    while (const auto line = co_await peer.read_line()) {
                      const bool known = !line->starts_with("RCPT") || line->contains("<known");
                      if (!known) {
                        ++random_mailboxes;
                        co_await sleep_for(time_, Milliseconds{3'000});
                      }
                      peer.write(known ? "250 2.0.0 Ok\r\n" : "550 5.1.1 unknown\r\n");
                    }
                  });
  const std::vector<std::string> first{"known1@d.example"};
  const std::vector<std::string> second{"known2@d.example"};
  std::vector<model::Reason> heard;
  const auto note = [&](std::size_t, model::Verdict&& verdict) { heard.push_back(verdict.reason); };
  verifier();
  asio::co_spawn(io_, verifier_->verify_all(first, {}, {"a", "job_1"}, note),
                 asio::bind_cancellation_slot(leave.slot(), asio::detached));
  asio::co_spawn(io_, verifier_->verify_all(second, {}, {"a", "job_2"}, note), asio::detached);
  time_.advance(Milliseconds{1'000});
  EXPECT_EQ(random_mailboxes, 1u);
  leave.emit(asio::cancellation_type::terminal);
  time_.run();
  EXPECT_THAT(heard, ElementsAre(model::Reason::kAcceptedEmail)) << "the second list's";
  EXPECT_EQ(random_mailboxes, 1u);
}

TEST_F(VerifierTest, AHostThatDoesNotKnowTheDomainIsNotBelievedBeforeTheOthersHaveSpoken) {
  resolver_.set_mx("two.example", {{10, "stray.example"}, {20, "mx.example"}});
  resolver_.set_addresses("stray.example", {"192.0.2.9"});
  network_.listen({*net::IpAddress::parse("192.0.2.9"), 25}, [](SimulatedPeer& peer) -> Task<void> {
    peer.write("220 stray.example\r\n");
    while (const auto line = co_await peer.read_line()) {
      peer.write(line->starts_with("RCPT") ? "550 5.7.1 Relaying denied\r\n" : "250 Ok\r\n");
    }
  });
  const model::Verdict known = verify("known@two.example");
  EXPECT_EQ(known.reason, model::Reason::kAcceptedEmail);
  EXPECT_EQ(known.mx->host, "mx.example");
  EXPECT_EQ(verify("nobody@two.example").reason, model::Reason::kRejectedEmail);
  Trace trace;
  EXPECT_EQ(verify("known@two.example", {}, &trace).reason, model::Reason::kAcceptedEmail);
  EXPECT_THAT(trace.smtp, Contains("stray.example: 192.0.2.9:25"));
  EXPECT_THAT(trace.smtp, Contains("mx.example: 192.0.2.1:25"));

  resolver_.set_mx("stray-only.example", {{10, "stray.example"}});
  EXPECT_NE(verify("known@stray-only.example").reason, model::Reason::kAcceptedEmail);
}

TEST_F(VerifierTest, ATraceTellsTheAnswersAndTheDialogue) {
  verify("known@d.example");
  Trace trace;
  const model::Verdict verdict = verify("known@d.example", {}, &trace);
  EXPECT_EQ(verdict.reason, model::Reason::kAcceptedEmail);
  EXPECT_THAT(trace.dns, Contains("d.example MX 10 mx.example"));
  EXPECT_THAT(trace.smtp, Contains("mx.example: 192.0.2.1:25"));
  EXPECT_THAT(trace.smtp, Contains("C: RCPT TO:<known@d.example>"));
  EXPECT_THAT(trace.smtp, Contains("catch-all: a random mailbox is refused"));

  Trace of_nobody;
  EXPECT_EQ(verify("a@nowhere.example", {}, &of_nobody).reason, model::Reason::kInvalidDomain);
  EXPECT_THAT(of_nobody.dns, Contains(HasSubstr("NXDOMAIN")));
  EXPECT_THAT(of_nobody.smtp, SizeIs(0));
}

TEST_F(VerifierTest, JudgesByNewListsFromTheMomentItHasThem) {
  EXPECT_EQ(verify("known@d.example").reason, model::Reason::kAcceptedEmail);
  const auto asked = verifier().stats().recipients_asked;
  verifier().use_lists(*address::Lists::load(
      "verihook-lists 1\n", {{{address::ListName::kSuppressed, "d.example", true}}, "local@7"}));
  Trace trace;
  EXPECT_EQ(verify("known@d.example", {}, &trace).reason, model::Reason::kSuppressed);
  EXPECT_THAT(trace.lists, ElementsAre("suppressed:d.example@local@7"));
  EXPECT_EQ(verifier().stats().recipients_asked, asked);
}

TEST_F(VerifierTest, SaysWhenTheResolverAnswersNothing) {
  options_.resolver_sample = 3;
  for (const char* domain : {"a.example", "b.example", "c.example"}) {
    EXPECT_EQ(verifier().take_trouble(), Trouble::kNone);
    resolver_.set_failure(domain, {Errc::kTimeout, "no answer"});
    EXPECT_EQ(verify(std::string("x@") + domain).reason, model::Reason::kDnsError);
  }
  EXPECT_EQ(verifier().take_trouble(), Trouble::kResolverUnavailable);
  EXPECT_EQ(verifier().take_trouble(), Trouble::kNone);
}

}  // namespace
}  // namespace verihook::verification
