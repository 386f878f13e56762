#include "smtp/classify.h"

#include <span>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace verihook::smtp {
namespace {

using enum ReplyClass;

// "550 5.1.1 text" as a one-line reply.
Reply reply_of(std::string_view line) {
  ReplyParser parser;
  parser.feed(line);
  parser.feed("\r\n");
  return parser.next().value().value();
}

struct Row {
  std::string_view line;
  ReplyClass expected;
  Provider provider = Provider::kOther;
};

void expect_rows(Stage stage, std::span<const Row> rows) {
  for (const Row& row : rows) {
    const auto got = classify(stage, reply_of(row.line), row.provider);
    EXPECT_EQ(reason_of(got.reply_class), reason_of(row.expected))
        << to_string(stage) << ": " << row.line << "\n  decided by: " << got.rule;
    EXPECT_EQ(got.reply_class, row.expected);
  }
}

TEST(Classify, RecipientAcceptedOrNot) {
  constexpr Row kRows[] = {
      {"250 2.1.5 Ok", kAccepted},
      {"250 recipient fine", kAccepted},
      {"251 user is elsewhere, we forward", kAccepted},
      {"252 2.1.5 send it and see", kCannotVerify},
      {"220 hello again", kProtocolError},
      {"354 go ahead", kProtocolError},
  };
  expect_rows(Stage::kRcpt, kRows);
}

TEST(Classify, MailboxNotFound) {
  constexpr Row kRows[] = {
      {"550 5.1.1 <x@a.test>: Recipient address rejected: User unknown in virtual table",
       kMailboxNotFound},
      {"550 5.1.1 The address you wrote to is not here", kMailboxNotFound},
      {"550 5.1.1", kMailboxNotFound},
      {"550 No such user here", kMailboxNotFound},
      {"550 x@a.test: no such mailbox", kMailboxNotFound},
      {"550 Unrouteable address", kMailboxNotFound},
      {"550 mailbox unavailable", kMailboxNotFound},
      {"550 5.5.0 Requested action not taken: mailbox unavailable", kMailboxNotFound},
      {"550 5.7.1 No such user!", kMailboxNotFound},
      {"550 5.7.1 recipient not found", kMailboxNotFound},
      {"550 5.2.1 user unknown", kMailboxNotFound},
      {"550 5.0.0 unknown recipient", kMailboxNotFound},
      {"550 5.1.0 address invalid", kMailboxNotFound},
      {"550 5.1.3 bad destination mailbox address syntax", kMailboxNotFound},
      {"550 5.1.6 the mailbox has moved", kMailboxNotFound},
      {"551 user not local, try elsewhere", kMailboxNotFound},
      {"553 sorry, no mailbox here by that name", kMailboxNotFound},
      {"553 mailbox name not allowed", kMailboxNotFound},
      {"554 5.1.1 unknown address", kMailboxNotFound},
      {"554 that account does not exist", kMailboxNotFound},
      {"550 We do not have an account of this name", kMailboxNotFound},
      {"550 the recipient no longer exists", kMailboxNotFound},
      {"550 utilisateur inconnu", kMailboxNotFound},
      {"550 Empfaenger unbekannt", kMailboxNotFound},
      {"550 5.2.0 recipient refused", kMailboxNotFound},
      {"550 5.1.4 ambiguous", kMailboxNotFound},
      {"550-5.1.1 nobody by that name\r\n550 5.1.1 check for typos", kMailboxNotFound},
      {"550 Invalid Recipient - see the help pages", kMailboxNotFound, Provider::kMimecast},
      {"550 #5.1.0 Address rejected.", kMailboxNotFound, Provider::kCisco},
      {"550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", kMailboxNotFound,
       Provider::kMicrosoft},
      {"550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by lookup", kMailboxNotFound,
       Provider::kMicrosoft},
      {"554 delivery error: dd This user doesn't have a yahoo.com account", kMailboxNotFound,
       Provider::kYahoo},
      {"550 5.1.1 The email account that you tried to reach does not exist", kMailboxNotFound,
       Provider::kGoogle},
      {"550 5.1.1 Not our Customer", kMailboxNotFound, Provider::kComcast},
      {"550 5.1.1 Adresse d au moins un destinataire invalide. OFR_416", kMailboxNotFound,
       Provider::kOrange},
  };
  expect_rows(Stage::kRcpt, kRows);
}

TEST(Classify, MailboxDisabledOrFull) {
  constexpr Row kRows[] = {
      {"550 5.2.1 mailbox disabled", kMailboxDisabled},
      {"550 5.2.1", kMailboxDisabled},
      {"525 5.7.13 account disabled", kMailboxDisabled},
      {"550 this account has been suspended", kMailboxDisabled},
      {"554 5.7.1 user is inactive", kMailboxDisabled},
      {"550 account is locked", kMailboxDisabled},
      {"550 mailbox is closed", kMailboxDisabled},
      {"550 5.7.1 account blocked", kMailboxDisabled},
      {"550 5.2.1 The email account that you tried to reach is disabled", kMailboxDisabled,
       Provider::kGoogle},
      {"552 5.2.2 over quota OverQuotaPerm", kMailboxDisabled, Provider::kGoogle},
      {"554 delivery error: dd This mailbox is disabled (554.30)", kMailboxDisabled,
       Provider::kYahoo},
      {"552 5.2.2 mailbox full", kMailboxFull},
      {"552 storage allocation exceeded", kMailboxFull},
      {"452 4.2.2 mailbox full", kMailboxFull},
      {"450 4.2.2 over its space", kMailboxFull},
      {"452 the user is over quota", kMailboxFull},
      {"554 mailbox is full", kMailboxFull},
      {"550 quota exceeded", kMailboxFull},
      {"550 5.7.1 inbox is full", kMailboxFull},
      {"552 5.1.1 boite du destinataire pleine", kMailboxFull},
      {"552 5.1.1 Boite du destinataire pleine. OFR_417", kMailboxFull, Provider::kOrange},
      {"452 4.2.2 OverQuotaTemp", kMailboxFull, Provider::kGoogle},
      {"450 4.2.1 The user you are trying to contact is receiving mail at a rate",
       kRateLimitedMailbox, Provider::kGoogle},
      {"550 5.2.1 The user is receiving mail too quickly", kRateLimitedMailbox, Provider::kGoogle},
      {"450 this recipient is receiving mail too quickly", kRateLimitedMailbox},
      {"450 4.2.1 mailbox not available now", kRateLimitedMailbox},
  };
  expect_rows(Stage::kRcpt, kRows);
}

TEST(Classify, NoTemporaryReplyIsAboutTheMailboxForGood) {
  constexpr Row kRows[] = {
      {"450 4.1.1 user unknown", kUnavailable},
      {"450 no such user", kUnavailable},
      {"451 4.1.1 unverified address: does not exist", kUnavailable},
      {"450 4.2.1 mailbox disabled", kRateLimitedMailbox},
      {"550 4.1.1 user unknown", kUnavailable},
      {"450 5.1.1 user unknown", kUnavailable},
      {"450 mailbox unavailable", kUnavailable},
      {"451 local error in processing", kUnavailable},
      {"451 Temporary local problem - please try later", kUnavailable},
      {"452 4.3.1 insufficient system storage", kUnavailable},
      {"452 insufficient system storage", kUnavailable},
      {"451 4.4.3 directory lookup failed", kUnavailable},
      {"451 4.3.0 internal error", kUnavailable},
      {"450 4.7.1 Recipient address rejected: Greylisted", kGreylisted},
      {"450 4.2.0 <x@a.test>: Recipient address rejected: Greylisted", kGreylisted},
      {"451 4.7.1 come back in five minutes", kGreylisted},
      {"451 graylisting in action, please wait", kGreylisted},
      {"450 try again in 300 seconds", kGreylisted},
      {"451 4.7.1 please retry", kGreylisted},
      {"450 4.2.0 deferred", kGreylisted},
      {"451 please try again later", kGreylisted},
      {"450 postgrey: early retry", kGreylisted},
      {"451 Internal resource temporarily unavailable", kGreylisted, Provider::kMimecast},
      {"421 4.7.0 closing", kThrottled},
      {"421 too many connections from you", kThrottled},
      {"451 4.7.1 rate limit reached, try again in 60 seconds", kThrottled},
      {"450 4.7.0 deferred for policy", kThrottled},
      {"451 4.7.500 Server busy. Please try again later. AS(761)", kThrottled,
       Provider::kMicrosoft},
      {"421 4.7.0 [TSS04] Messages temporarily deferred", kThrottled, Provider::kYahoo},
      {"452 4.5.3 too many recipients", kTooManyRecipients},
      {"452 Too many recipients", kTooManyRecipients},
      {"451 4.5.3 enough", kTooManyRecipients},
      {"550 5.5.3 too many recipients", kTooManyRecipients},
      {"451 4.4.4 recipients belong to multiple regions", kTooManyRecipients, Provider::kMicrosoft},
      {"450 too many invalid recipients", kThrottled},
      {"450 4.7.1 address blocked using a dnsbl", kBlocked},
      {"450 4.1.8 Sender address rejected: domain not found", kSenderRejected},
      {"450 4.7.25 client has no name", kNeedsReverseDns},
  };
  expect_rows(Stage::kRcpt, kRows);
}

TEST(Classify, RefusalsAtRcptThatAreAboutUs) {
  constexpr Row kRows[] = {
      {"554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", kBlocked},
      {"550 5.1.1 listed at Spamhaus", kBlocked},
      {"550 5.2.1 your IP is on our blacklist", kBlocked},
      {"550 blocked by SpamCop", kBlocked},
      {"550 5.7.1 poor reputation of the sending host", kBlocked},
      {"554 5.7.1 Client host rejected: Access denied", kBlocked},
      {"550 5.7.606 Access denied, banned sending IP", kBlocked, Provider::kMicrosoft},
      {"550 5.7.1 messages weren't sent, part of their network is listed (S3140)", kBlocked,
       Provider::kMicrosoft},
      {"553 5.7.1 [BL21] Connections will not be accepted", kBlocked, Provider::kYahoo},
      {"554 5.7.1 see https://ipcheck.proofpoint.com", kBlocked, Provider::kProofpoint},
      {"554 DT:SPM refused", kBlocked, Provider::kNetEase},
      {"550 IP frequency limited", kThrottled, Provider::kTencent},
      {"550 too many connections", kThrottled},
      {"550 5.7.25 no matching name for the address", kNeedsReverseDns},
      {"550 5.7.1 cannot find your reverse hostname", kNeedsReverseDns},
      {"554 missing PTR record", kNeedsReverseDns},
      {"550 5.7.1 fix reverse DNS of your server", kNeedsReverseDns},
      {"550 5.1.8 sender's system is bad", kSenderRejected},
      {"550 5.1.7 bad address", kSenderRejected},
      {"550 Sender verify failed", kSenderRejected},
      {"550 Verification failed, no such user here, sender verify failed", kSenderRejected},
      {"553 5.7.1 sender address rejected: not owned", kSenderRejected},
      {"550 5.7.23 SPF says no", kPolicy},
      {"550 5.7.26 unauthenticated mail", kPolicy},
      {"550 5.7.1 DMARC policy of the domain", kPolicy},
      {"504 5.5.2 Helo command rejected: need a fully-qualified name", kPolicy},
      {"554 5.7.1 <x@a.test>: Relay access denied", kRelayDenied},
      {"550 relaying denied", kRelayDenied},
      {"550 relay not permitted, authentication required", kRelayDenied},
      {"553 that domain isn't in my list of allowed rcpthosts", kRelayDenied},
      {"550 5.1.2 bad destination system", kRelayDenied},
      {"550 5.4.4 cannot route", kRelayDenied},
      {"550 unknown domain", kRelayDenied},
      {"550 5.7.64 TenantAttribution; Relay Access Denied", kRelayDenied, Provider::kMicrosoft},
      {"530 5.7.0 Must issue a STARTTLS command first", kTlsRequired},
      {"550 5.7.10 encryption needed", kTlsRequired},
      {"530 5.7.1 Authentication required", kPolicy},
      {"556 this domain takes no mail", kDomainNotHosted},
      {"550 5.1.10 null MX", kDomainNotHosted},
      {"550 5.6.7 address not ASCII", kEaiNotSupported},
      {"553 SMTPUTF8 is not spoken here", kEaiNotSupported},
      {"500 what", kProtocolError},
      {"501 5.5.4 argument", kProtocolError},
      {"503 bad sequence of commands", kProtocolError},
      {"555 parameter", kProtocolError},
      {"550 5.4.1 no answer from host", kUnavailable},
      {"550 5.3.0 system says no", kUnavailable},
      {"550 5.4.6 routing loop", kUnavailable},
      {"550 Administrative prohibition", kPolicy},
      {"550 5.7.1 not authorised for this list", kPolicy},
      {"550 rejected", kPolicy},
      {"554 Transaction failed", kPolicy},
      {"550", kPolicy},
      {"550 5.4.1 Recipient address rejected: Access denied", kUnavailable},
      {"550 5.7.133 sender not authenticated for group", kSenderRejected, Provider::kMicrosoft},
      {"554 5.7.1 [CS01] refused by local policy", kPolicy, Provider::kApple},
      {"550 5.7.1 [HM08] refused", kBlocked, Provider::kApple},
  };
  expect_rows(Stage::kRcpt, kRows);
}

TEST(Classify, RefusalsBeforeRcptAreNeverAboutTheMailbox) {
  constexpr Row kBanner[] = {
      {"554 5.7.1 blocked, see spamhaus.org", kBlocked},
      {"554 your access to this mail system has been rejected", kBlocked},
      {"421 too many connections from 192.0.2.1", kThrottled},
      {"421 4.7.0 try later", kThrottled},
      {"450 busy", kThrottled},
      {"421 4.3.2 system not accepting messages", kUnavailable},
      {"521 this host takes no mail", kDomainNotHosted},
      {"521 5.2.1 (PH01) blocked", kBlocked},
      {"554 no SMTP service here", kUnavailable},
      {"554 cannot find your reverse hostname", kNeedsReverseDns},
      {"550 user unknown", kUnavailable},
      {"250 what?", kProtocolError},
  };
  expect_rows(Stage::kBanner, kBanner);
  constexpr Row kEhlo[] = {
      {"550 invalid HELO name", kPolicy},
      {"502 unimplemented", kProtocolError},
      {"550 denied", kBlocked},
      {"550 no", kPolicy},
      {"451 4.3.0 trouble", kUnavailable},
  };
  expect_rows(Stage::kEhlo, kEhlo);
  constexpr Row kMail[] = {
      {"550 5.1.8 domain of sender does not resolve", kSenderRejected},
      {"550 5.7.1 SPF check failed", kSenderRejected},
      {"553 5.1.7 address", kSenderRejected},
      {"550 5.7.27 null MX of the sender", kSenderRejected},
      {"550 5.1.1 user unknown", kSenderRejected},
      {"553 sorry", kSenderRejected},
      {"550 5.7.1 refused", kBlocked},
      {"554 5.7.1 listed by a DNSBL", kBlocked},
      {"530 5.7.0 Must issue a STARTTLS command first", kTlsRequired},
      {"530 5.7.0 Authentication required", kPolicy},
      {"550 5.7.25 name", kNeedsReverseDns},
      {"451 4.7.1 greylisted", kGreylisted},
      {"452 4.3.1 no room", kUnavailable},
      {"421 4.7.28 unusual rate of mail", kThrottled},
      {"503 5.5.1 sequence", kProtocolError},
      {"555 parameter", kProtocolError},
      {"550 mailbox unavailable", kPolicy},
  };
  expect_rows(Stage::kMail, kMail);
}

// Every code and enhanced code, at every stage, with texts that name the mailbox.
TEST(Classify, IsNeverInvalidWithoutAPermanentReplyAtRcpt) {
  for (const Stage stage :
       {Stage::kBanner, Stage::kEhlo, Stage::kStartTls, Stage::kMail, Stage::kRcpt}) {
    for (int code = 200; code < 600; ++code) {
      for (const char* text : {"", "user unknown", "5.1.1 user unknown", "4.1.1 user unknown",
                               "5.2.1 mailbox disabled", "5.1.1 blocked by spamhaus"}) {
        const auto reply = reply_of(fmt::format("{} {}", code, text));
        const auto got = classify(stage, reply).reply_class;
        const bool permanent = code >= 500 && !(reply.enhanced && reply.enhanced->class_digit == 4);
        if (stage != Stage::kRcpt && code == 521) continue;  // RFC 7504, about the host
        if (stage == Stage::kRcpt && permanent) continue;
        EXPECT_FALSE(is_invalid(got)) << to_string(stage) << " " << code << " " << text;
      }
    }
  }
}

TEST(Classify, IgnoresWordsInsideQuotedAddresses) {
  EXPECT_EQ(classify(Stage::kRcpt, reply_of("550 5.1.1 <spamhaus@a.test>: gone")).reply_class,
            kMailboxNotFound);
  EXPECT_EQ(classify(Stage::kRcpt, reply_of("550 mailbox quota.full@a.test unknown")).reply_class,
            kMailboxNotFound);
}

TEST(Classify, NamesTheRowAndTheDelay) {
  const auto got = classify(Stage::kRcpt, reply_of("450 4.7.1 Greylisted, try again in 5 minutes"));
  EXPECT_EQ(got.rule, "greylisting");
  EXPECT_EQ(got.retry_after, Milliseconds(300'000));
}

TEST(Classify, ReadsDelays) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_retry_delay("try again in 300 seconds"), seconds(300));
  EXPECT_EQ(parse_retry_delay("retry after 2 hours"), seconds(7200));
  EXPECT_EQ(parse_retry_delay("come back in 00:04:59"), seconds(299));
  EXPECT_EQ(parse_retry_delay("wait 15min"), seconds(900));
  EXPECT_EQ(parse_retry_delay("Greylisted for 60 secs"), seconds(60));
  EXPECT_EQ(parse_retry_delay("retry in 99999 hours"), std::chrono::hours(24));
  for (const char* none :
       {"", "try again later", "in the morning", "margin 5", "in 99999999 s", "retry in 0 s"}) {
    EXPECT_FALSE(parse_retry_delay(none).has_value()) << none;
  }
}

TEST(Classify, MapsFailuresByStage) {
  const auto failed = [](Stage stage, Errc code) {
    return classify({OutcomeKind::kFailed, stage, std::nullopt, Error{code, "x"}}).reply_class;
  };
  EXPECT_EQ(failed(Stage::kConnect, Errc::kTimeout), kNoConnect);
  EXPECT_EQ(failed(Stage::kConnect, Errc::kConnectionRefused), kNoConnect);
  EXPECT_EQ(failed(Stage::kConnect, Errc::kConnectionLost), kConnectionLost);
  EXPECT_EQ(failed(Stage::kConnect, Errc::kForbiddenAddress), kNoConnect);
  EXPECT_EQ(failed(Stage::kConnect, Errc::kInternal), kNoConnect);
  EXPECT_EQ(failed(Stage::kBanner, Errc::kTimeout), kTimeout);
  EXPECT_EQ(failed(Stage::kRcpt, Errc::kConnectionLost), kConnectionLost);
  EXPECT_EQ(failed(Stage::kStartTls, Errc::kTls), kTlsRequired);
  EXPECT_EQ(failed(Stage::kRcpt, Errc::kProtocol), kProtocolError);
  EXPECT_EQ(failed(Stage::kRcpt, Errc::kInternal), kUnavailable);
  for (int code = 0; code <= static_cast<int>(Errc::kInternal); ++code) {
    for (int stage = 0; stage <= static_cast<int>(Stage::kRcpt); ++stage) {
      EXPECT_FALSE(is_invalid(failed(static_cast<Stage>(stage), static_cast<Errc>(code))));
    }
  }
  EXPECT_EQ(classify(Outcome{}).reply_class, kNotAttempted);
  EXPECT_EQ(classify({OutcomeKind::kNeedsSmtpUtf8, Stage::kRcpt, {}, {}}).reply_class,
            kEaiNotSupported);
}

TEST(Classify, GivesEveryClassAReason) {
  for (int value = 0; value <= static_cast<int>(kNotAttempted); ++value) {
    EXPECT_NE(reason_of(static_cast<ReplyClass>(value)), "unexpected_error") << value;
  }
}

TEST(Providers, AreKnownByTheSuffixOfTheirMxHosts) {
  EXPECT_EQ(provider_of("gmail-smtp-in.l.google.com"), Provider::kGoogle);
  EXPECT_EQ(provider_of("example-org.mail.protection.outlook.com"), Provider::kMicrosoft);
  EXPECT_EQ(provider_of("example-org.a-v1.mx.microsoft"), Provider::kMicrosoft);
  EXPECT_EQ(provider_of("mta5.am0.yahoodns.net"), Provider::kYahoo);
  EXPECT_EQ(provider_of("mx01.mail.icloud.com"), Provider::kApple);
  EXPECT_EQ(provider_of("eu-smtp-inbound-1.mimecast.com"), Provider::kMimecast);
  EXPECT_EQ(provider_of("mx0a-001.pphosted.com"), Provider::kProofpoint);
  EXPECT_EQ(provider_of("in1-smtp.messagingengine.com"), Provider::kFastmail);
  EXPECT_EQ(provider_of("notgoogle.com"), Provider::kOther);
  EXPECT_EQ(provider_of("mx.example.org"), Provider::kOther);
  EXPECT_EQ(provider_of(""), Provider::kOther);
  EXPECT_EQ(to_string(Provider::kApple), "icloud");
  EXPECT_TRUE(is_security_gateway(Provider::kMimecast));
  EXPECT_FALSE(is_security_gateway(Provider::kGoogle));
}

}  // namespace
}  // namespace verihook::smtp
