#include "smtp/command.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/random.h"

namespace verihook::smtp {
namespace {

TEST(Commands, AreWrittenWithOneLineEndEach) {
  EXPECT_EQ(*ehlo_command("probe.example"), "EHLO probe.example\r\n");
  EXPECT_EQ(*helo_command("[192.0.2.1]"), "HELO [192.0.2.1]\r\n");
  EXPECT_EQ(*mail_command("v@probe.example", false), "MAIL FROM:<v@probe.example>\r\n");
  EXPECT_EQ(*mail_command("v@probe.example", true), "MAIL FROM:<v@probe.example> SMTPUTF8\r\n");
  EXPECT_EQ(*mail_command("", false), "MAIL FROM:<>\r\n");
  EXPECT_EQ(*rcpt_command("a@b.test"), "RCPT TO:<a@b.test>\r\n");
  EXPECT_EQ(*rcpt_command("\"a b\"@b.test"), "RCPT TO:<\"a b\"@b.test>\r\n");
  EXPECT_EQ(*rcpt_command("m\xc3\xbcller@b.test"), "RCPT TO:<m\xc3\xbcller@b.test>\r\n");
}

TEST(Commands, RefuseAddressesThatCouldEndTheLineOrThePath) {
  for (const std::string& bad : {std::string("a@b\r\nDATA"),
                                 std::string("a@b\nRSET"),
                                 std::string("a\r@b"),
                                 std::string("a\0@b", 4),
                                 std::string("a@b>"),
                                 std::string("<a@b"),
                                 std::string("a>b@c"),
                                 std::string("\"a\r\nRCPT TO:<x@y>\"@b"),
                                 std::string("\"a>b\"@c"),
                                 std::string("a@b SIZE=1"),
                                 std::string("a b@c"),
                                 std::string("a\t@b"),
                                 std::string("a\x7f@b"),
                                 std::string("a\x1b@b"),
                                 std::string("a\xc2\x85@b"),
                                 std::string("a\xff@b"),
                                 std::string(""),
                                 std::string("a"),
                                 std::string("@b"),
                                 std::string("a@"),
                                 std::string(300, 'a') + "@b"}) {
    EXPECT_FALSE(rcpt_command(bad).has_value()) << bad;
    if (!bad.empty()) EXPECT_FALSE(mail_command(bad, false).has_value()) << bad;
  }
}

TEST(Commands, RefuseNamesThatAreNoHostNames) {
  for (const std::string& bad :
       {std::string(""), std::string("a b"), std::string("a\r\nMAIL"), std::string("a\n"),
        std::string("a\0b", 3), std::string(300, 'a')}) {
    EXPECT_FALSE(ehlo_command(bad).has_value());
    EXPECT_FALSE(helo_command(bad).has_value());
  }
}

TEST(Commands, HoldExactlyOneLineWhateverTheAddress) {
  SeededRandom random(3);
  constexpr std::string_view kPieces = "ab@.\"<> \r\n\t\\\0\xc3\xbc\xc2\x85:";
  for (int round = 0; round < 50'000; ++round) {
    std::string address;
    for (std::uint64_t n = 1 + random.below(12); n > 0; --n) {
      address += kPieces[random.below(kPieces.size())];
    }
    const auto line = rcpt_command(address);
    if (!line) continue;
    ASSERT_EQ(std::ranges::count(*line, '\n'), 1);
    ASSERT_EQ(std::ranges::count(*line, '\r'), 1);
    ASSERT_EQ(std::ranges::count(*line, '>'), 1);
    ASSERT_TRUE(line->ends_with(">\r\n"));
    ASSERT_EQ(line->find('\0'), std::string::npos);
  }
}

}  // namespace
}  // namespace verihook::smtp
