#include <gtest/gtest.h>

#include "smtp/classify.h"
#include "smtp/session_script.h"

namespace verihook::smtp {
namespace {

TEST(SessionTls, StartsTlsWhenOfferedAndForgetsWhatWasOfferedBefore) {
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

TEST(SessionTls, EndsWhenPlainTextFollowsTheStartTlsReply) {
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

TEST(SessionTls, GoesOnWithoutTlsWhenStartTlsIsRefused) {
  const auto played =
      play(addresses(1), Script{server("220 hi"), client("EHLO probe.example"),
                                server("250-mx\r\n250 STARTTLS"), client("STARTTLS"),
                                server("454 4.7.0 not now"), client("MAIL FROM:<v@probe.example>"),
                                server("250 ok"), client("RCPT TO:<r0@a.test>"), server("250 ok")});
  EXPECT_EQ(summary(played.outcomes), Lines{"replied rcpt 250"});
}

TEST(SessionTls, StartsTlsOnDemandAndAsksAgain) {
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

TEST(SessionTls, StartsTlsWhenDemandedAtRcptOfAPipeline) {
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

TEST(SessionTls, ReportsADemandForTlsThatCannotBeMet) {
  const auto played =
      play(addresses(2), kGreeted + Script{client("MAIL FROM:<v@probe.example>"),
                                           server("530 5.7.0 Must issue a STARTTLS command")});
  EXPECT_EQ(summary(played.outcomes), (Lines{"replied mail 530", "replied mail 530"}));
  EXPECT_EQ(classify(played.outcomes[0].outcome).reply_class, ReplyClass::kTlsRequired);
}

TEST(SessionTls, AFailedHandshakeSaysThatAnotherSessionMayGetFurther) {
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

}  // namespace
}  // namespace verihook::smtp
