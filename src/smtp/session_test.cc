#include "smtp/session.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "smtp/classify.h"

namespace verihook::smtp {
namespace {

// One step of a dialogue: what the server sends, what the client must write, or a TLS handshake.
struct Step {
  enum class Kind { kServer, kClient, kTls };
  Kind kind = Kind::kServer;
  std::string bytes{};
};
using Script = std::vector<Step>;

Step server(std::string_view line) { return {Step::Kind::kServer, std::string(line) + "\r\n"}; }
Step server_raw(std::string bytes) { return {Step::Kind::kServer, std::move(bytes)}; }
Step client(std::string_view line) { return {Step::Kind::kClient, std::string(line) + "\r\n"}; }
Step tls() { return {Step::Kind::kTls, {}}; }

constexpr std::size_t kNoFailure = static_cast<std::size_t>(-1);

// Plays a script against a session: checks every write and feeds every reply, in pieces when asked,
// and lets the step `fail_at` fail with `error`.
class Player {
 public:
  Player(Session& session, Script script) : session_(session), script_(std::move(script)) {}

  std::size_t piece_bytes = 100'000;
  std::size_t fail_at = kNoFailure;
  Error error{Errc::kConnectionLost, "cut"};

  // Until the session is idle or over; the last action.
  Action::Kind play(Event event = {.kind = Event::Kind::kConnected}) {
    for (int rounds = 0; rounds < 100'000; ++rounds) {
      Action action = session_.resume(event);
      if (action.kind == Action::Kind::kIdle || action.kind == Action::Kind::kClose) {
        return action.kind;
      }
      event = answer(action);
    }
    ADD_FAILURE() << "the session does not end";
    return Action::Kind::kClose;
  }
  bool at_end() const { return next_ == script_.size() && unread_.empty(); }

 private:
  static constexpr Event failed(Error why, bool timeout) {
    return {Event::Kind::kFailed, {}, std::move(why), timeout};
  }

  Event answer(const Action& action) {
    if (action.kind == Action::Kind::kRead && !unread_.empty()) return feed();
    if (next_ == script_.size()) {
      // Whoever still waits has reached the end of the script: the server is silent or gone.
      return failed({Errc::kConnectionLost, "the script is over"}, false);
    }
    const std::size_t index = next_++;
    const Step& step = script_[index];
    if (index == fail_at) return failed(error, error.code == Errc::kTimeout);
    switch (action.kind) {
      case Action::Kind::kWrite:
        EXPECT_EQ(step.kind, Step::Kind::kClient) << "step " << index << ": " << action.bytes;
        EXPECT_EQ(action.bytes, step.bytes) << "step " << index;
        return {.kind = Event::Kind::kWritten};
      case Action::Kind::kStartTls:
        EXPECT_EQ(step.kind, Step::Kind::kTls) << "step " << index;
        return {.kind = Event::Kind::kTlsStarted};
      default:
        EXPECT_EQ(step.kind, Step::Kind::kServer) << "step " << index << ": " << step.bytes;
        unread_ = step.bytes;
        return feed();
    }
  }

  Event feed() {
    piece_ = unread_.substr(0, piece_bytes);
    unread_.erase(0, piece_.size());
    return {.kind = Event::Kind::kReceived, .bytes = piece_};
  }

  Session& session_;
  Script script_;
  std::size_t next_ = 0;
  std::string unread_;
  std::string piece_;
};

SessionOptions options(TlsPolicy tls = TlsPolicy::kOpportunistic) {
  SessionOptions settings;
  settings.helo = "probe.example";
  settings.mail_from = "v@probe.example";
  settings.tls = tls;
  return settings;
}

std::vector<std::string> addresses(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(fmt::format("r{}@a.test", i));
  return all;
}

struct Played {
  std::vector<RecipientOutcome> outcomes;
  Action::Kind last = Action::Kind::kIdle;
  bool whole_script = false;
  bool usable = false;
};

Played play(std::vector<std::string> recipients, Script script, SessionOptions settings = options(),
            std::size_t piece_bytes = 100'000) {
  Session session(std::move(settings));
  session.add(std::move(recipients));
  Player player(session, std::move(script));
  player.piece_bytes = piece_bytes;
  Played played;
  played.last = player.play();
  played.outcomes = session.take_outcomes();
  played.whole_script = player.at_end();
  played.usable = session.usable();
  return played;
}

std::vector<std::string> summary(const std::vector<RecipientOutcome>& outcomes) {
  std::vector<std::string> lines;
  for (const RecipientOutcome& item : outcomes) {
    const Outcome& outcome = item.outcome;
    constexpr std::string_view kKinds[] = {"replied", "failed", "not asked", "unaskable", "utf8"};
    lines.push_back(fmt::format("{} {} {}", kKinds[static_cast<int>(outcome.kind)],
                                to_string(outcome.stage), outcome.reply ? outcome.reply->code : 0));
  }
  return lines;
}

using Lines = std::vector<std::string>;

const Script kGreeted = {server("220 mx.a.test ESMTP"), client("EHLO probe.example"),
                         server("250 mx.a.test")};
const Script kGreetedPipelining = {
    server("220-mx.a.test ESMTP"), server("220 ready"), client("EHLO probe.example"),
    server("250-mx.a.test\r\n250-SIZE 10"), server("250 PIPELINING")};

Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

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

TEST(Session, StartsTlsWhenOfferedAndForgetsWhatWasOfferedBefore) {
  Session session(options());
  session.add(addresses(2));
  Player player(
      session,
      Script{server("220 hi"), client("EHLO probe.example"),
             server("250-mx\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 STARTTLS"), client("STARTTLS"),
             server("220 go"), tls(), client("EHLO probe.example"), server("250 mx"),
             client("MAIL FROM:<v@probe.example>"), server("250 ok"), client("RCPT TO:<r0@a.test>"),
             server("250 ok"), client("RCPT TO:<r1@a.test>"), server("250 ok")});
  player.play();
  EXPECT_TRUE(player.at_end());
  EXPECT_TRUE(session.tls_active());
  EXPECT_FALSE(session.capabilities().smtputf8);
}

TEST(Session, EndsWhenPlainTextFollowsTheStartTlsReply) {
  const std::string injected[] = {"220 go\r\n250 injected\r\n", "220 go\r\nx", "220 go\r\n2"};
  for (const std::string& bytes : injected) {
    const auto played = play(addresses(1), Script{server("220 hi"), client("EHLO probe.example"),
                                                  server("250-mx\r\n250 STARTTLS"),
                                                  client("STARTTLS"), server_raw(bytes)});
    EXPECT_EQ(summary(played.outcomes), Lines{"failed starttls 0"});
    EXPECT_EQ(classify(played.outcomes[0].outcome).reply_class, ReplyClass::kProtocolError);
    EXPECT_EQ(played.last, Action::Kind::kClose);
  }
}

TEST(Session, GoesOnWithoutTlsWhenStartTlsIsRefused) {
  const auto played =
      play(addresses(1), Script{server("220 hi"), client("EHLO probe.example"),
                                server("250-mx\r\n250 STARTTLS"), client("STARTTLS"),
                                server("454 4.7.0 not now"), client("MAIL FROM:<v@probe.example>"),
                                server("250 ok"), client("RCPT TO:<r0@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(played.outcomes), Lines{"replied rcpt 250"});
}

TEST(Session, StartsTlsOnDemandAndAsksAgain) {
  for (const char* demand : {"530 5.7.0 Must issue a STARTTLS command first", "451 5.7.10 TLS"}) {
    const auto played = play(
        addresses(1),
        Script{server("220 hi"), client("EHLO probe.example"), server("250-mx\r\n250 STARTTLS"),
               client("MAIL FROM:<v@probe.example>"), server(demand), client("STARTTLS"),
               server("220 go"), tls(), client("EHLO probe.example"), server("250 mx"),
               client("MAIL FROM:<v@probe.example>"), server("250 ok"),
               client("RCPT TO:<r0@a.test>"), server("250 ok")},
        options(TlsPolicy::kWhenDemanded));
    EXPECT_EQ(summary(played.outcomes), Lines{"replied rcpt 250"});
    EXPECT_TRUE(played.whole_script);
  }
}

TEST(Session, StartsTlsWhenDemandedAtRcptOfAPipeline) {
  const auto played = play(
      addresses(2),
      Script{server("220 hi"), client("EHLO probe.example"),
             server("250-mx\r\n250-PIPELINING\r\n250 STARTTLS"),
             client("MAIL FROM:<v@probe.example>\r\nRCPT TO:<r0@a.test>\r\nRCPT TO:<r1@a.test>"),
             server("250 ok\r\n530 5.7.0 TLS\r\n530 5.7.0 TLS"), client("STARTTLS"),
             server("220 go"), tls(), client("EHLO probe.example"), server("250 mx"),
             client("MAIL FROM:<v@probe.example>"), server("250 ok"), client("RCPT TO:<r0@a.test>"),
             server("250 ok"), client("RCPT TO:<r1@a.test>"), server("550 5.1.1 no")},
      options(TlsPolicy::kWhenDemanded));
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied rcpt 250", "replied rcpt 550"}));
  EXPECT_TRUE(played.whole_script);
}

TEST(Session, ReportsADemandForTlsThatCannotBeMet) {
  const auto played =
      play(addresses(2), kGreeted + Script{client("MAIL FROM:<v@probe.example>"),
                                           server("530 5.7.0 Must issue a STARTTLS command")});
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied mail 530", "replied mail 530"}));
  EXPECT_EQ(classify(played.outcomes[0].outcome).reply_class, ReplyClass::kTlsRequired);
}

TEST(Session, AFailedHandshakeSaysThatAnotherSessionMayGetFurther) {
  Session session(options());
  Player player(session, Script{server("220 hi"), client("EHLO probe.example"),
                                server("250-mx\r\n250 STARTTLS"), client("STARTTLS"),
                                server("220 go"), tls()});
  player.fail_at = 5;
  player.error = {Errc::kTls, "handshake"};
  EXPECT_EQ(player.play(), Action::Kind::kClose);
  EXPECT_TRUE(session.tls_failed());
  EXPECT_FALSE(session.usable());
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
