#include <set>

#include <gtest/gtest.h>

#include "verification/assessment.h"
#include "verification/result_json.h"
#include "verification/sandbox.h"
#include "verification/verdict_rules.h"

namespace verihook::verification {
namespace {

using model::Reason;
using model::Status;

std::shared_ptr<const address::Lists> some_lists() {
  return *address::Lists::load(
      "verihook-lists 1\n"
      "list disposable own 1\nmailinator.com\n"
      "list free own 1\ngmail.com\n"
      "list role own 2\nadmin\ninfo\n"
      "list alias_relay own 1\nduck.com\n"
      "list popular own 2\ngmail.com\nyahoo.com\n");
}

Assessment assess_plainly(std::string_view email, model::JobOptions options = {}) {
  return assess(email, *some_lists(), options, from_unix_ms(1'767'225'600'000));
}

TEST(Sandbox, GivesEveryReasonOfTheContractWithoutAnyNetwork) {
  for (int i = 0; i < model::kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    for (const std::string tag : {"", "+row17"}) {
      const std::string email = std::string(model::to_string(reason)) + tag + "@Sandbox.Test";
      const Assessment assessment = assess_plainly(email);
      EXPECT_TRUE(assessment.settled) << email;
      EXPECT_EQ(assessment.verdict.reason, reason) << email;
      EXPECT_EQ(assessment.verdict.status, model::natural_status(reason)) << email;
    }
  }
}

TEST(Sandbox, KnowsTheAddressThatFailsAJob) {
  EXPECT_TRUE(fails_the_job("fail_job@sandbox.test"));
  EXPECT_TRUE(fails_the_job("Fail_Job+7@SANDBOX.TEST"));
  EXPECT_EQ(sandbox_reason("Accepted_Email+7", "sandbox.test"), model::Reason::kAcceptedEmail);
  EXPECT_FALSE(fails_the_job("fail_job@example.com"));
  EXPECT_FALSE(fails_the_job("fail_job"));
  EXPECT_EQ(assess_plainly("nobody@sandbox.test").verdict.reason, Reason::kRejectedEmail);
}

TEST(Assessment, NamesTheRuleThatABadAddressBreaks) {
  const Assessment assessment = assess_plainly("not an address");
  EXPECT_TRUE(assessment.settled);
  EXPECT_EQ(assessment.verdict.reason, Reason::kInvalidEmail);
  EXPECT_FALSE(assessment.verdict.syntax.empty());
  EXPECT_EQ(assessment.verdict.score, 0);
  EXPECT_EQ(assessment.verdict.suggestion, "");
  EXPECT_EQ(assess_plainly("x@gmail,com").verdict.suggestion, "x@gmail.com");
  EXPECT_EQ(assess_plainly("x@gmail,com").verdict.reason, Reason::kInvalidEmail);
}

TEST(Assessment, WhatCountsAsAnAddressIsTheCallersChoice) {
  struct Case {
    const char* email;
    std::optional<Reason> standard, strict, web_form;  // nothing: left to the network
  };
  const std::optional<Reason> network;
  const std::vector<Case> cases = {
      {"x@acme.com", network, network, network},
      {"\"a b\"@acme.com", network, network, Reason::kInvalidEmail},
      {"x@[192.0.2.1]", Reason::kInvalidEmail, Reason::kCannotVerify, Reason::kInvalidEmail},
      {"x@[IPv6:2001:db8::1]", Reason::kInvalidEmail, Reason::kCannotVerify, Reason::kInvalidEmail},
      {"x@com", network, network, Reason::kInvalidEmail},
      {"x@acme.123", network, network, Reason::kInvalidEmail},
      {"x@example.test", network, network, Reason::kInvalidEmail},
      {"no_mx@sandbox.test", Reason::kNoMx, Reason::kNoMx, Reason::kNoMx},
      {"x y@acme.com", Reason::kInvalidEmail, Reason::kInvalidEmail, Reason::kInvalidEmail},
  };
  for (const Case& one : cases) {
    const auto check = [&](model::Syntax syntax, std::optional<Reason> expected) {
      model::JobOptions options;
      options.syntax = syntax;
      const Assessment assessment = assess_plainly(one.email, options);
      EXPECT_EQ(assessment.settled, expected.has_value()) << one.email << to_string(syntax);
      if (!expected) return;
      EXPECT_EQ(assessment.verdict.reason, *expected) << one.email << to_string(syntax);
      EXPECT_EQ(assessment.verdict.syntax.empty(), *expected != Reason::kInvalidEmail);
    };
    check(model::Syntax::kStandard, one.standard);
    check(model::Syntax::kStrict, one.strict);
    check(model::Syntax::kWebForm, one.web_form);
  }
}

TEST(Assessment, LooksUpListsAndLeavesTheRestToTheNetwork) {
  const Assessment assessment = assess_plainly(" Admin+x@GMAIL.com ");
  EXPECT_FALSE(assessment.settled);
  EXPECT_EQ(assessment.domain, "gmail.com");
  EXPECT_EQ(assessment.verdict.is_role, true);
  EXPECT_EQ(assessment.verdict.is_free, true);
  EXPECT_EQ(assessment.verdict.is_disposable, false);
  EXPECT_EQ(assessment.verdict.is_tagged, true);
  EXPECT_EQ(assess_plainly("x@gmial.com").verdict.suggestion, "x@gmail.com");
}

TEST(Assessment, ADisposableAddressFollowsThePolicy) {
  EXPECT_EQ(assess_plainly("x@mailinator.com").verdict.status, Status::kRisky);
  model::JobOptions options;
  options.disposable_as = model::DisposableAs::kInvalid;
  EXPECT_EQ(assess_plainly("x@mailinator.com", options).verdict.status, Status::kInvalid);
  options.disposable_as = model::DisposableAs::kFlag;
  EXPECT_FALSE(assess_plainly("x@mailinator.com", options).settled);
}

std::shared_ptr<const address::Lists> lists_with(std::vector<address::LocalEntry> local) {
  return *address::Lists::load(
      "verihook-lists 1\n"
      "list disposable burners@1.2.3 1\nmailinator.com\n"
      "list free own@1 1\ngmail.com\n"
      "list role own@2 1\nadmin\n"
      "list popular own@3 1\ngmail.com\n",
      {std::move(local), "local@7"});
}

TEST(Assessment, ASuppressedAddressIsRiskyWithoutAnyNetwork) {
  using enum address::ListName;
  const auto lists = lists_with({{kSuppressed, "someone@example.com", true},
                                 {kSuppressed, "example.org", true},
                                 {kSuppressed, "mailinator.com", true},
                                 {kSuppressed, "me@example.org", false},
                                 {kSuppressed, "sandbox.test", true}});
  model::JobOptions options;
  options.disposable_as = model::DisposableAs::kInvalid;
  const auto now = from_unix_ms(0);
  for (const auto* email : {"Someone@Example.com", "x@example.org", "x@mail.example.org",
                            "\"x\"@EXAMPLE.org", "x@mailinator.com"}) {
    const auto assessment = assess(email, *lists, options, now);
    EXPECT_TRUE(assessment.settled) << email;
    EXPECT_EQ(assessment.verdict.reason, Reason::kSuppressed) << email;
    EXPECT_EQ(assessment.verdict.status, Status::kRisky) << email;
    EXPECT_EQ(assessment.verdict.score, 10) << email;
    EXPECT_FALSE(assessment.verdict.smtp.checked);
  }
  EXPECT_EQ(assess("x@mailinator.com", *lists, options, now).verdict.is_disposable, true);
  for (const auto* email : {"other@example.com", "me@example.org", "x@example.net"}) {
    EXPECT_FALSE(assess(email, *lists, options, now).settled) << email;
  }
  // The sandbox gives what it is asked for.
  EXPECT_EQ(assess("accepted_email@sandbox.test", *lists, options, now).verdict.reason,
            Reason::kAcceptedEmail);
}

TEST(Assessment, NamesTheListAndVersionOfEveryHit) {
  using enum address::ListName;
  const auto lists = lists_with({{kSuppressed, "gmail.com", true}, {kRole, "frontdesk", true}});
  using Hits = std::vector<std::string>;
  EXPECT_EQ(list_hits(" Admin+x@a.mailinator.com", *lists),
            (Hits{"disposable:mailinator.com@burners@1.2.3", "role:admin@own@2"}));
  EXPECT_EQ(list_hits("FrontDesk@gmail.com", *lists),
            (Hits{"suppressed:gmail.com@local@7", "free:gmail.com@own@1", "role:frontdesk@local@7",
                  "popular:gmail.com@own@3"}));
  EXPECT_EQ(list_hits("x@example.com", *lists), Hits{});
  EXPECT_EQ(list_hits("not an address", *lists), Hits{});
}

TEST(VerdictRules, ScoresStayInsideTheRangeOfTheirStatus) {
  for (int i = 0; i < model::kReasonCount; ++i) {
    for (const bool flag : {false, true}) {
      model::Verdict verdict;
      verdict.is_role = verdict.is_free = verdict.is_alias_relay = flag;
      model::JobOptions options;
      if (flag) options.catch_all_as = model::CatchAllAs::kValid;
      settle(verdict, static_cast<Reason>(i), options);
      SCOPED_TRACE(model::to_string(verdict.reason));
      switch (verdict.status) {
        case Status::kInvalid:
          EXPECT_EQ(verdict.score, 0);
          break;
        case Status::kValid:
          EXPECT_TRUE(verdict.score >= 80 && verdict.score <= 100);
          break;
        default:
          EXPECT_TRUE(verdict.score > 0 && verdict.score < 80);
      }
    }
  }
}

TEST(VerdictRules, AnAddressThatNobodyLookedAtIsUnknownAndSaysWhy) {
  const WallTime now = from_unix_ms(1'000);
  for (const auto reason : {model::Reason::kNotAttempted, model::Reason::kUnexpectedError}) {
    const auto verdict = unseen_verdict("a@b.test", reason, {}, now);
    EXPECT_EQ(verdict.email, "a@b.test");
    EXPECT_EQ(verdict.reason, reason);
    EXPECT_EQ(verdict.status, model::Status::kUnknown);
    EXPECT_EQ(verdict.checked_at, now);
  }
}

TEST(VerdictRules, PoliciesMoveTheStatusAndKeepTheReason) {
  model::Verdict verdict;
  verdict.is_role = true;
  model::JobOptions options;
  options.role_as = model::RoleAs::kRisky;
  settle(verdict, Reason::kAcceptedEmail, options);
  EXPECT_EQ(verdict.reason, Reason::kRole);
  EXPECT_EQ(verdict.status, Status::kRisky);
  options.catch_all_as = model::CatchAllAs::kUnknown;
  settle(verdict, Reason::kCatchAll, options);
  EXPECT_EQ(verdict.reason, Reason::kCatchAll);
  EXPECT_EQ(verdict.status, Status::kUnknown);
  EXPECT_EQ(verdict.is_catch_all, true);
}

TEST(ResultJson, HasTheContractsKeysInTheContractsOrder) {
  std::string json;
  append_result(json, assess_plainly("mailbox_full@sandbox.test").verdict,
                {7, "a\"b", "{\"x\":1}"});
  EXPECT_EQ(
      json,
      R"({"email":"mailbox_full@sandbox.test","normalized_email":"mailbox_full@sandbox.test",)"
      R"("is_valid":false,"status":"risky","reason":"mailbox_full","score":30,)"
      R"("is_disposable":false,"is_role":false,"is_free":false,"is_catch_all":null,)"
      R"("is_full_mailbox":true,"is_disabled":null,"is_alias_relay":false,"is_tagged":false,)"
      R"("suggestion":null,"user":"mailbox_full","domain":"sandbox.test",)"
      R"("mx":{"found":true,"host":"mx.sandbox.test","records":["mx.sandbox.test"],)"
      R"("provider":null,"implicit":false,"null_mx":false},)"
      R"("smtp":{"checked":true,"stage":"rcpt_to","code":452,"enhanced_code":"4.2.2",)"
      R"("message":"Mailbox full","attempts":1},"retryable":true,"retry_after":null,)"
      R"("checked_at":"2026-01-01T00:00:00.000Z","duration_ms":0,"row":7,"id":"a\"b",)"
      R"("data":{"x":1}})");
}

TEST(ResultJson, WritesNullForWhatIsNotKnownAndNamesTheSyntaxRule) {
  std::string json;
  append_result(json, assess_plainly("nonsense").verdict, {});
  EXPECT_NE(json.find(R"("normalized_email":null)"), json.npos);
  EXPECT_NE(json.find(R"("mx":null,"smtp":{"checked":false,"stage":null,"code":null)"), json.npos);
  EXPECT_NE(json.find(R"("row":null,"id":null,"data":null,"syntax":")"), json.npos);
}

}  // namespace
}  // namespace verihook::verification
