#include "cli/audit_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

using ::testing::HasSubstr;
using verification::AuditReport;
using verification::CheckStatus;

AuditReport report() {
  AuditReport made;
  made.sources = 2;
  made.sources_that_can = 1;
  made.checks = {
      {"resolver", "", CheckStatus::kOk, "answers in 3 ms", ""},
      {"port 25", "203.0.113.5", CheckStatus::kFail, "mx.example.org: timed out\x1b[2J",
       "Ask the provider of this host or network to open port 25 outwards."},
  };
  return made;
}

TEST(AuditView, ShowsEachCheckWithItsAdviceBelow) {
  Terminal terminal;
  terminal.width = 60;
  EXPECT_EQ(audit_text(terminal, report()),
            "  ok    resolver  answers in 3 ms\n"
            "\n"
            "As 203.0.113.5\n"
            "  fail  port 25   mx.example.org: timed out [2J\n"
            "                  -> Ask the provider of this host or\n"
            "                  network to open port 25 outwards.\n"
            "\n"
            "This host can verify addresses, from 1 of its 2 addresses.\n");
}

TEST(AuditView, SaysSoWhenTheHostCannotVerify) {
  AuditReport made = report();
  made.sources_that_can = 0;
  EXPECT_THAT(audit_text(Terminal{}, made), HasSubstr("This host cannot verify addresses"));
}

TEST(AuditView, PaintsForTerminals) {
  Terminal terminal;
  terminal.colour = true;
  EXPECT_THAT(audit_text(terminal, report()), HasSubstr("\x1b[31mfail\x1b[0m  port 25"));
}

TEST(AuditView, WritesJsonInOneLine) {
  AuditReport made = report();
  made.checks[1].seen = "timed out";
  EXPECT_EQ(
      audit_json(made),
      "{\"can_verify\":true,\"checks\":["
      "{\"check\":\"resolver\",\"source\":null,\"status\":\"ok\",\"seen\":\"answers in 3 ms\","
      "\"advice\":null},"
      "{\"check\":\"port 25\",\"source\":\"203.0.113.5\",\"status\":\"fail\","
      "\"seen\":\"timed out\",\"advice\":\"Ask the provider of this host or network to open "
      "port 25 outwards.\"}]}");
}

}  // namespace
}  // namespace verihook::cli
