#include "smtp/session.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "smtp/classify.h"
#include "smtp/session_script.h"

namespace verihook::smtp {
namespace {

TEST(Session, AsksOneRecipientAfterAnother) {
  const auto played = play(
      addresses(2), kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 2.1.0 ok"),
                                      client("RCPT TO:<r0@a.test>"), server("250 2.1.5 ok"),
                                      client("RCPT TO:<r1@a.test>"), server("550 5.1.1 no")});
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied rcpt 250", "replied rcpt 550"}));
  EXPECT_TRUE(played.whole_script);
  EXPECT_TRUE(played.usable);
  EXPECT_EQ(played.last, Action::Kind::kIdle);
}

TEST(Session, GivesTheSameOutcomesHoweverRepliesAreSplit) {
  const Script script =
      kGreetedPipelining +
      Script{client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>"),
             server("250 ok\r\n550-5.1.1 no such user\r\n550 5.1.1 at all\r\n250 ok")};
  for (std::size_t piece = 1; piece < 60; ++piece) {
    const auto played = play(addresses(2), script, options(), piece);
    EXPECT_EQ(summary(played.outcomes), (Lines{"replied rcpt 550", "replied rcpt 250"})) << piece;
    EXPECT_TRUE(played.whole_script);
  }
}

TEST(Session, PipelinesAWindowOfCommandsAndRefillsIt) {
  auto settings = options();
  settings.pipeline_window_commands = 4;
  const auto played = play(
      addresses(5),
      kGreetedPipelining + Script{client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\n"
                                         "RCPT TO:<r1@a.test>\r\nRCPT TO:<r2@a.test>"),
                                  server("250 ok"), server("250 ok"),
                                  client("RCPT TO:<r3@a.test>\r\nRCPT TO:<r4@a.test>"),
                                  server("550 5.1.1 no\r\n250 ok\r\n250 ok"), server("250 ok")},
      settings);
  EXPECT_EQ(summary(played.outcomes),
            (Lines{"replied rcpt 250", "replied rcpt 550", "replied rcpt 250", "replied rcpt 250",
                   "replied rcpt 250"}));
  EXPECT_TRUE(played.whole_script);
}

TEST(Session, SeparatesTransactionsByRset) {
  auto settings = options();
  settings.recipients_per_transaction_max = 1;
  const auto played =
      play(addresses(2),
           kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                             client("RCPT TO:<r0@a.test>"), server("250 ok"), client("RSET"),
                             server("250 ok"), client("MAIL FROM:<v@probe.example>"),
                             server("250 ok"), client("RCPT TO:<r1@a.test>"), server("250 ok")},
           settings);
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied rcpt 250", "replied rcpt 250"}));
  EXPECT_TRUE(played.whole_script);
}

TEST(Session, GoesOnInTheSameTransactionWhenRecipientsAreAdded) {
  Session session(options());
  session.add({"a@a.test"});
  Player player(session, kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                                           client("RCPT TO:<a@a.test>"), server("250 ok"),
                                           client("RCPT TO:<b@a.test>"), server("550 5.1.1 no"),
                                           client("QUIT"), server("221 bye")});
  EXPECT_EQ(player.play(), Action::Kind::kIdle);
  EXPECT_EQ(summary(session.take_outcomes()), Lines{"replied rcpt 250"});
  session.add({"b@a.test"});
  EXPECT_EQ(player.play({.kind = Event::Kind::kResume}), Action::Kind::kIdle);
  EXPECT_EQ(summary(session.take_outcomes()), Lines{"replied rcpt 550"});
  EXPECT_EQ(player.play({.kind = Event::Kind::kQuit}), Action::Kind::kClose);
  EXPECT_TRUE(player.at_end());
}

TEST(Session, LeavesOutWhoIsNotWantedAnyMoreWhenHisTurnComes) {
  Session session(options());
  std::size_t wanted = 3;
  session.add(addresses(3), [&](std::size_t index) { return index < wanted; });
  Player player(session, kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                                           client("RCPT TO:<r0@a.test>"), server("250 ok")});
  wanted = 1;
  EXPECT_EQ(player.play(), Action::Kind::kIdle);
  EXPECT_TRUE(player.at_end());
  const auto outcomes = session.take_outcomes();
  EXPECT_EQ(summary(outcomes)[0], "replied rcpt 250");
  for (const std::size_t i : {1, 2}) {
    EXPECT_EQ(outcomes[i].outcome.kind, OutcomeKind::kNotAsked);
    ASSERT_TRUE(outcomes[i].outcome.error);
    EXPECT_EQ(outcomes[i].outcome.error->code, Errc::kCancelled);
  }
  EXPECT_TRUE(session.usable()) << "the conversation can go on about others";
}

TEST(Session, HalvesTheTransactionWhenRecipientsAreTooMany) {
  auto settings = options();
  settings.recipients_per_transaction_max = 4;
  Session session(settings);
  session.add(addresses(4));
  Player player(
      session,
      kGreetedPipelining +
          Script{
              client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>\r\n"
                     "RCPT TO:<r2@a.test>\r\nRCPT TO:<r3@a.test>"),
              server("250 ok\r\n250 ok\r\n250 ok\r\n452 4.5.3 too many recipients\r\n452 4.5.3 too "
                     "many"),
              client("RSET\r\nMAIL FROM:<v@probe.example>\r\nRCPT TO:<r2@a.test>\r\nRCPT "
                     "TO:<r3@a.test>"),
              server("250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250 ok")});
  player.play();
  EXPECT_EQ(summary(session.take_outcomes()), (Lines{"replied rcpt 250", "replied rcpt 250",
                                                     "replied rcpt 550", "replied rcpt 250"}));
  EXPECT_TRUE(player.at_end());
}

TEST(Session, GivesTooManyRecipientsAsTheAnswerWhenTheFirstGetsIt) {
  const auto played =
      play(addresses(1), kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                                           client("RCPT TO:<r0@a.test>"), server("452 4.5.3 no")});
  EXPECT_EQ(summary(played.outcomes), Lines{"replied rcpt 452"});
}

TEST(Session, HonoursTheServersOwnRecipientLimit) {
  Session session(options());
  session.add(addresses(2));
  Player player(session, Script{server("220 hi"), client("EHLO probe.example"),
                                server("250-mx\r\n250 LIMITS MAILMAX=10 RCPTMAX=1"),
                                client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                                client("RCPT TO:<r0@a.test>"), server("250 ok"), client("RSET"),
                                server("250 ok"), client("MAIL FROM:<v@probe.example>"),
                                server("250 ok"), client("RCPT TO:<r1@a.test>"), server("250 ok")});
  player.play();
  EXPECT_TRUE(player.at_end());
}

TEST(Session, FallsBackToHelo) {
  const auto played =
      play(addresses(1), Script{server("220 hi"), client("EHLO probe.example"),
                                server("502 5.5.2 what"), client("HELO probe.example"),
                                server("250 hello"), client("MAIL FROM:<v@probe.example>"),
                                server("250 ok"), client("RCPT TO:<r0@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(played.outcomes), Lines{"replied rcpt 250"});
}

TEST(Session, ReportsTheMeantRefusalWhenHeloFailsToo) {
  const auto refusal = [](std::string_view ehlo, std::string_view helo) {
    return summary(
        play(addresses(2), Script{server("220 hi"), client("EHLO probe.example"), server(ehlo),
                                  client("HELO probe.example"), server(helo)})
            .outcomes);
  };
  EXPECT_EQ(refusal("550 denied", "503 no"), (Lines{"replied ehlo 550", "replied ehlo 550"}));
  EXPECT_EQ(refusal("502 what", "550 denied"), (Lines{"replied ehlo 550", "replied ehlo 550"}));
}

TEST(Session, GivesARefusalBeforeRcptToEverybody) {
  for (const char* banner : {"554 no", "421 busy", "521 no mail", "250 odd"}) {
    const auto played = play(addresses(2), Script{server(banner)});
    const std::string code(banner, 3);
    EXPECT_EQ(summary(played.outcomes),
              (Lines{"replied banner " + code, "replied banner " + code}));
    EXPECT_FALSE(played.usable);
  }
}

TEST(Session, DrainsAPipelineAfterMailWasRefused) {
  const auto played = play(
      addresses(2),
      kGreetedPipelining +
          Script{
              client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>"),
              server("550 5.7.1 SPF"), server("503 need MAIL"), server("550 5.1.1 whatever")});
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied mail 550", "replied mail 550"}));
  EXPECT_TRUE(played.whole_script);
}

TEST(Session, BlamesTheMailRefusalWhenTheServerHangsUpBehindIt) {
  const auto played = play(
      addresses(2),
      kGreetedPipelining +
          Script{
              client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>"),
              server("550 5.7.1 SPF")});
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied mail 550", "replied mail 550"}));
  EXPECT_EQ(played.last, Action::Kind::kClose);
}

TEST(Session, LeavesTheRestToAnotherConnectionAfter421) {
  const Script start =
      kGreetedPipelining + Script{client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\n"
                                         "RCPT TO:<r1@a.test>\r\nRCPT TO:<r2@a.test>")};
  EXPECT_EQ(
      summary(
          play(addresses(3), start + Script{server("250 ok\r\n250 ok\r\n421 enough")}).outcomes),
      (Lines{"replied rcpt 250", "not asked rcpt 421", "not asked rcpt 421"}));
  // Without an answer before it, the 421 is the answer: the next connection starts behind it.
  EXPECT_EQ(summary(play(addresses(3), start + Script{server("250 ok\r\n421 enough")}).outcomes),
            (Lines{"replied rcpt 421", "not asked rcpt 421", "not asked rcpt 421"}));
}

TEST(Session, SettlesOneRecipientAtLeastWhenTheConnectionBreaksAtRcpt) {
  const Script start =
      kGreetedPipelining + Script{client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\n"
                                         "RCPT TO:<r1@a.test>")};
  EXPECT_EQ(summary(play(addresses(2), start + Script{server("250 ok")}).outcomes),
            (Lines{"failed rcpt 0", "not asked rcpt 0"}));
  EXPECT_EQ(summary(play(addresses(2), start + Script{server("250 ok\r\n550 5.1.1 no")}).outcomes),
            (Lines{"replied rcpt 550", "not asked rcpt 0"}));
}

TEST(Session, SendsNonAsciiAddressesOnlyWithSmtpUtf8) {
  const auto without =
      play({"m\xc3\xbcller@a.test", "b@a.test"},
           kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                             client("RCPT TO:<b@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(without.outcomes), (Lines{"utf8 rcpt 0", "replied rcpt 250"}));

  const auto with =
      play({"a@a.test", "m\xc3\xbcller@a.test"},
           Script{server("220 hi"), client("EHLO probe.example"), server("250-mx\r\n250 SMTPUTF8"),
                  client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                  client("RCPT TO:<a@a.test>"), server("250 ok"), client("RSET"), server("250 ok"),
                  client("MAIL FROM:<v@probe.example> SMTPUTF8"), server("250 ok"),
                  client("RCPT TO:<m\xc3\xbcller@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(with.outcomes), (Lines{"replied rcpt 250", "replied rcpt 250"}));
}

TEST(Session, NeverWritesAnAddressThatCouldBreakTheLine) {
  const auto played =
      play({"a\r\nDATA@a.test", "b>@a.test", "c@a.test"},
           kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                             client("RCPT TO:<c@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(played.outcomes),
            (Lines{"unaskable rcpt 0", "unaskable rcpt 0", "replied rcpt 250"}));
}

TEST(Session, RefusesRepliesToCommandsThatWereNotSent) {
  // Sent with the banner, this would pass for the reply to EHLO.
  EXPECT_EQ(summary(play(addresses(1), Script{server("220 hi\r\n250 PIPELINING")}).outcomes),
            Lines{"failed ehlo 0"});
  const auto behind =
      play(addresses(2),
           kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                             client("RCPT TO:<r0@a.test>"), server("250 ok\r\n550 5.1.1 no")});
  EXPECT_EQ(summary(behind.outcomes), (Lines{"replied rcpt 250", "not asked mail 0"}));
}

TEST(Session, StopsAtTheRecipientsPerConnection) {
  auto settings = options();
  settings.recipients_per_connection_max = 1;
  const auto played =
      play(addresses(2),
           kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                             client("RCPT TO:<r0@a.test>"), server("250 ok")},
           settings);
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied rcpt 250", "not asked rcpt 0"}));
  EXPECT_FALSE(played.usable);
}

TEST(Session, TakesLeaveAfterATimeoutAndSkipsLateReplies) {
  Session session(options());
  session.add(addresses(2));
  Player player(session, kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok"),
                                           client("RCPT TO:<r0@a.test>"), server("250 late"),
                                           client("QUIT"), server("250 late\r\n221 bye")});
  player.fail_at = 6;
  player.error = {Errc::kTimeout, "slow"};
  EXPECT_EQ(player.play(), Action::Kind::kIdle);
  EXPECT_EQ(summary(session.take_outcomes()), (Lines{"failed rcpt 0", "not asked rcpt 0"}));
  EXPECT_EQ(player.play({.kind = Event::Kind::kQuit}), Action::Kind::kClose);
  EXPECT_TRUE(player.at_end());
}

TEST(Session, LeavesEverybodyUnaskedWhenCancelled) {
  Session session(options());
  session.add(addresses(2));
  Player player(session, kGreeted);
  player.fail_at = 2;
  player.error = {Errc::kCancelled, "stop"};
  player.play();
  EXPECT_EQ(summary(session.take_outcomes()), (Lines{"not asked ehlo 0", "not asked ehlo 0"}));
}

TEST(Session, KeepsATraceOfTheDialogueWhenAsked) {
  auto settings = options();
  settings.trace = true;
  Session session(settings);
  session.add({"a@a.test"});
  Player player(session, Script{server("554 no")});
  player.play();
  EXPECT_EQ(session.trace(), Lines{"S: 554 no"});
}

// The whole of a long dialogue, cut at every step in every way: each recipient gets an outcome,
// those answered before keep theirs, and nothing that was cut is ever "invalid".
class CutSession : public ::testing::TestWithParam<Errc> {};

TEST_P(CutSession, IsNeverInvalid) {
  const Script script =
      Script{server("220-mx"),
             server("220 ready"),
             client("EHLO probe.example"),
             server("250-mx\r\n250-PIPELINING\r\n250 STARTTLS"),
             client("STARTTLS"),
             server("220 go"),
             tls(),
             client("EHLO probe.example"),
             server("250-mx"),
             server("250 PIPELINING"),
             client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>"),
             server("250 ok"),
             server("550-5.1.1 no"),
             server("550 5.1.1 such user"),
             server("250 ok"),
             client("RSET\r\nMAIL FROM:<v@probe.example>\r\nRCPT TO:<r2@a.test>"),
             server("250 ok"),
             server("250 ok"),
             server("550 5.1.1 no")};
  auto settings = options();
  settings.recipients_per_transaction_max = 2;
  settings.pipeline_window_commands = 3;
  for (std::size_t cut = 0; cut < script.size(); ++cut) {
    Session session(settings);
    session.add(addresses(3));
    Player player(session, script);
    player.fail_at = cut;
    player.error = {GetParam(), "injected"};
    player.play();
    const auto outcomes = session.take_outcomes();
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_FALSE(session.usable());
    const bool first_answered = cut > 13;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto reply_class = classify(outcomes[i].outcome).reply_class;
      if (i == 0 && first_answered) {
        EXPECT_EQ(reply_class, ReplyClass::kMailboxNotFound) << cut;
      } else {
        EXPECT_FALSE(is_invalid(reply_class)) << cut;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, CutSession,
                         ::testing::Values(Errc::kConnectionLost, Errc::kTimeout, Errc::kTls,
                                           Errc::kCancelled, Errc::kProtocol));

// Each reply of a dialogue is replaced by each odd one in turn.
TEST(Session, IsNeverInvalidWhateverComesBeforeRcpt) {
  const Script good = kGreeted + Script{client("MAIL FROM:<v@probe.example>"), server("250 ok")};
  for (const char* odd : {"550 5.1.1 user unknown", "421 bye", "451 later", "354 go", "220 again",
                          "nonsense", "25", "999 x", "250-unfinished", ""}) {
    for (const std::size_t at : {0u, 2u, 4u}) {
      Script script(good.begin(), good.begin() + static_cast<long>(at));
      script.push_back(server(odd));
      script.push_back(client("HELO probe.example"));
      script.push_back(server("550 5.1.1 user unknown"));
      if (at != 2 || odd[0] != '5') script.resize(at + 1);
      Session session(options());
      session.add(addresses(2));
      Player player(session, script);
      if (std::string_view(odd).starts_with("220") && at == 0) continue;
      player.play();
      for (const auto& item : session.take_outcomes()) {
        EXPECT_FALSE(is_invalid(classify(item.outcome).reply_class)) << odd << " at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace verihook::smtp
