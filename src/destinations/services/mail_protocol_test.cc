#include "destinations/services/mail_protocol.h"

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

using Step = StreamProtocol::Step;

ServiceAddress server(std::string user = {}, std::string password = {}, bool tls = false) {
  ServiceAddress address;
  address.user = std::move(user);
  address.password = std::move(password);
  address.tls = tls;
  return address;
}

StreamMessage message(std::vector<std::string> recipients = {"a@x.test"}) {
  StreamMessage made;
  made.target = "from@x.test";
  made.recipients = std::move(recipients);
  made.payload = "Subject: s\r\n\r\n.dot\r\nend";
  return made;
}

// A conversation: what the server says, and what is said to that.
struct Turn {
  std::string_view reply;
  std::string_view output;
};

void play(MailProtocol& mail, const std::vector<Turn>& turns) {
  for (const Turn& turn : turns) {
    const auto received = mail.receive(turn.reply);
    ASSERT_TRUE(received) << turn.reply << received.error().message;
    EXPECT_EQ(mail.take_output(), turn.output) << turn.reply;
  }
}

const std::vector<Turn> kPlainStart = {{"220 hello\r\n", "EHLO me.test\r\n"},
                                       {"250-mx\r\n250 PIPELINING\r\n", ""}};

class MailProtocolTest : public ::testing::Test {
 protected:
  void be_ready() {
    play(mail_, kPlainStart);
    ASSERT_EQ(mail_.step(), Step::kReady);
  }
  // What becomes of a message to which the server says this, one reply after the other.
  Result<std::string> answer_to(const std::vector<std::string_view>& replies,
                                std::vector<std::string> recipients = {"a@x.test"}) {
    be_ready();
    mail_.send(7, message(std::move(recipients)));
    for (const std::string_view reply : replies) {
      if (const auto received = mail_.receive(reply); !received) {
        return std::unexpected(received.error());
      }
    }
    const auto answers = mail_.take_answers();
    if (answers.size() != 1 || answers[0].number != 7) return fail(Errc::kInternal, "no answer");
    return answers[0].said;
  }

  MailProtocol mail_{server(), "me.test"};
};

TEST_F(MailProtocolTest, SendsAMessageWithItsDotsDoubled) {
  be_ready();
  mail_.send(1, message({"a@x.test", "b@x.test"}));
  EXPECT_EQ(mail_.take_output(), "MAIL FROM:<from@x.test>\r\n");
  play(mail_, {{"250 ok\r\n", "RCPT TO:<a@x.test>\r\n"},
               {"250 ok\r\n", "RCPT TO:<b@x.test>\r\n"},
               {"250 ok\r\n", "DATA\r\n"},
               {"354 go\r\n", "Subject: s\r\n\r\n..dot\r\nend\r\n.\r\n"},
               {"250 2.0.0 queued as 1\r\n", ""}});
  const auto answers = mail_.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].said, "250 2.0.0 queued as 1");
}

TEST_F(MailProtocolTest, MessagesGoOneAfterAnother) {
  be_ready();
  mail_.send(1, message());
  mail_.send(2, message());
  EXPECT_EQ(mail_.take_output(), "MAIL FROM:<from@x.test>\r\n");
  play(mail_, {{"250 ok\r\n", "RCPT TO:<a@x.test>\r\n"}, {"250 ok\r\n", "DATA\r\n"}});
  ASSERT_TRUE(mail_.receive("354 go\r\n"));
  mail_.take_output();
  play(mail_, {{"250 1\r\n", "MAIL FROM:<from@x.test>\r\n"}});
  EXPECT_EQ(mail_.take_answers().size(), 1u);
}

TEST_F(MailProtocolTest, ARecipientThatIsRefusedIsToldAndTheOthersGetIt) {
  const auto said = answer_to(
      {"250 ok\r\n", "550 5.1.1 no such user\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n"},
      {"a@x.test", "b@x.test"});
  EXPECT_EQ(said, "250 taken\nnot for 1 of 2 recipients: 550 5.1.1 no such user");
}

TEST_F(MailProtocolTest, NobodyTakesIt) {
  const auto said = answer_to({"250 ok\r\n", "550 no\r\n", "450 later\r\n", "250 reset\r\n"},
                              {"a@x.test", "b@x.test"});
  EXPECT_EQ(said, fail(Errc::kBusy, "the mail server took no recipient: 550 no; 450 later"));
  EXPECT_EQ(mail_.take_output(),
            "MAIL FROM:<from@x.test>\r\nRCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nRSET\r\n");
  mail_.send(8, message());
  EXPECT_EQ(mail_.take_output(), "MAIL FROM:<from@x.test>\r\n");
}

TEST_F(MailProtocolTest, EveryRefusalHasItsClass) {
  const struct {
    std::vector<std::string_view> replies;
    Errc code;
  } rows[] = {{{"451 later\r\n"}, Errc::kBusy},
              {{"550 not you\r\n"}, Errc::kForbidden},
              {{"530 sign in first\r\n"}, Errc::kUnauthorized},
              {{"250 ok\r\n", "250 ok\r\n", "554 no\r\n"}, Errc::kForbidden},
              {{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "552 too much\r\n"}, Errc::kTooLarge},
              {{"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "452 full\r\n"}, Errc::kBusy},
              {{"421 closing\r\n"}, Errc::kBusy}};
  for (const auto& row : rows) {
    MailProtocol mail(server(), "me.test");
    play(mail, kPlainStart);
    mail.send(1, message());
    std::optional<Errc> code;
    for (const std::string_view reply : row.replies) {
      if (const auto received = mail.receive(reply); !received) code = received.error().code;
    }
    const auto answers = mail.take_answers();
    if (!answers.empty() && !answers[0].said) code = answers[0].said.error().code;
    EXPECT_EQ(code, row.code) << row.replies.back();
  }
}

TEST_F(MailProtocolTest, AnAnswerNobodyAskedForEndsTheConnection) {
  be_ready();
  const auto received = mail_.receive("250 hi\r\n");
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kProtocol);
}

TEST(MailProtocol, EncryptsWhenItCanWhoeverItIs) {
  MailProtocol mail(server(), "me.test");
  play(mail,
       {{"220 hello\r\n", "EHLO me.test\r\n"}, {"250-mx\r\n250 STARTTLS\r\n", "STARTTLS\r\n"}});
  ASSERT_TRUE(mail.receive("220 go\r\n"));
  EXPECT_EQ(mail.step(), Step::kStartTls);
  EXPECT_EQ(mail.tls_verification(), net::TlsVerification::kOpportunistic);
  mail.tls_started();
  EXPECT_EQ(mail.take_output(), "EHLO me.test\r\n");
  play(mail, {{"250-mx\r\n250 STARTTLS\r\n", ""}});
  EXPECT_EQ(mail.step(), Step::kReady);
}

TEST(MailProtocol, APasswordIsSentEncryptedAndToAKnownServerOnly) {
  MailProtocol bare(server("me", "secret"), "me.test");
  play(bare, {{"220 hello\r\n", "EHLO me.test\r\n"}});
  const auto received = bare.receive("250-mx\r\n250 AUTH PLAIN\r\n");
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kTls);
  EXPECT_EQ(bare.take_output(), "");
  EXPECT_EQ(bare.tls_verification(), net::TlsVerification::kStrict);

  MailProtocol mail(server("me", "secret", true), "me.test");
  EXPECT_EQ(mail.step(), Step::kStartTls);
  mail.tls_started();
  play(mail, {{"220 hello\r\n", "EHLO me.test\r\n"},
              {"250-mx\r\n250 AUTH LOGIN PLAIN\r\n", "AUTH PLAIN AG1lAHNlY3JldA==\r\n"},
              {"235 welcome\r\n", ""}});
  EXPECT_EQ(mail.step(), Step::kReady);
}

TEST(MailProtocol, SignsInWithLoginWhereThereIsNothingElse) {
  MailProtocol mail(server("me", "secret", true), "me.test");
  mail.tls_started();
  play(mail, {{"220 hello\r\n", "EHLO me.test\r\n"},
              {"250-mx\r\n250 AUTH=LOGIN\r\n", "AUTH LOGIN\r\n"},
              {"334 VXNlcm5hbWU6\r\n", "bWU=\r\n"},
              {"334 UGFzc3dvcmQ6\r\n", "c2VjcmV0\r\n"}});
  const auto refused = mail.receive("535 5.7.8 wrong\r\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnauthorized);
}

TEST(MailProtocol, NothingIsTakenThatCameBeforeTheEncryption) {
  MailProtocol mail(server(), "me.test");
  play(mail,
       {{"220 hello\r\n", "EHLO me.test\r\n"}, {"250-mx\r\n250 STARTTLS\r\n", "STARTTLS\r\n"}});
  const auto received = mail.receive("220 go\r\n250 injected\r\n");
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kProtocol);
}

TEST(MailProtocol, ARefusalAtTheStartIsTold) {
  MailProtocol mail(server(), "me.test");
  const auto received = mail.receive("554 not from your address\r\n");
  EXPECT_EQ(received,
            fail(Errc::kForbidden, "the mail server answered at once: 554 not from your address"));
}

}  // namespace
}  // namespace verihook::destinations
