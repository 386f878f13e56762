#include "smtp/reply.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"

namespace verihook::smtp {
namespace {

// Feeds `bytes` in pieces of `step` and collects every reply; an error ends it.
std::vector<Reply> parse(std::string_view bytes, std::size_t step, bool* broken = nullptr) {
  ReplyParser parser;
  std::vector<Reply> replies;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    parser.feed(bytes.substr(at, step));
    for (;;) {
      auto next = parser.next();
      if (!next) {
        EXPECT_EQ(next.error().code, Errc::kProtocol);
        if (broken != nullptr) *broken = true;
        return replies;
      }
      if (!*next) break;
      replies.push_back(std::move(**next));
    }
  }
  return replies;
}

bool breaks(std::string_view bytes, std::size_t step = 1000) {
  bool broken = false;
  parse(bytes, step, &broken);
  return broken;
}

TEST(ReplyParser, JoinsMultiLineRepliesSplitAnywhere) {
  constexpr std::string_view kBytes =
      "220-mx.example.org ESMTP\r\n220-Second line, 250 in it\r\n220 ready\r\n"
      "250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 100\r\n550 5.1.1 no\r\n";
  const auto whole = parse(kBytes, kBytes.size());
  ASSERT_EQ(whole.size(), 3u);
  EXPECT_EQ(whole[0].code, 220);
  EXPECT_EQ(whole[0].lines.size(), 3u);
  EXPECT_EQ(whole[0].text(), "mx.example.org ESMTP Second line, 250 in it ready");
  EXPECT_EQ(whole[2].enhanced, (EnhancedCode{5, 1, 1}));
  for (std::size_t step = 1; step < kBytes.size(); ++step) {
    EXPECT_EQ(parse(kBytes, step), whole) << step;
  }
  for (std::size_t cut = 1; cut < kBytes.size(); ++cut) {
    ReplyParser parser;
    std::vector<Reply> replies;
    for (const auto part : {kBytes.substr(0, cut), kBytes.substr(cut)}) {
      parser.feed(part);
      while (auto reply = *parser.next()) replies.push_back(*reply);
    }
    EXPECT_EQ(replies, whole) << cut;
    EXPECT_FALSE(parser.has_leftover());
  }
}

TEST(ReplyParser, AcceptsBareCodesBareLineFeedsAndTabs) {
  EXPECT_EQ(parse("250\r\n", 9)[0].lines, std::vector<std::string>{""});
  EXPECT_EQ(parse("250-a\n250 b\n", 99)[0].lines, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse("250\tok\r\n", 99)[0].text(), "ok");
  EXPECT_EQ(parse("250-\r\n250 \r\n", 99)[0].lines, (std::vector<std::string>{"", ""}));
}

TEST(ReplyParser, MakesTextPrintable) {
  EXPECT_EQ(parse(std::string_view("550 a\0b\x1b[1m\rc\r\n", 15), 99)[0].text(), "a?b?[1m?c");
  EXPECT_EQ(parse("550 bo\xc3\xaete\r\n", 99)[0].text(), "bo\xc3\xaete");
  EXPECT_EQ(parse("550 bo\xeete\r\n", 99)[0].text(), "bo?te");
}

TEST(ReplyParser, RefusesWhatIsNotSmtp) {
  for (const char* bytes :
       {"\r\n", "25\r\n", "2x0 a\r\n", "150 a\r\n", "650 a\r\n", "HTTP/1.1 400 Bad Request\r\n",
        "SSH-2.0-OpenSSH\r\n", "250*a\r\n", "2500 a\r\n", "250-a\r\n550 b\r\n", "250-a\r\nb\r\n",
        " 250 a\r\n", "+OK ready\r\n", "* OK IMAP\r\n"}) {
    EXPECT_TRUE(breaks(bytes)) << bytes;
    EXPECT_TRUE(breaks(bytes, 1)) << bytes;
  }
}

TEST(ReplyParser, StaysBrokenOnceBroken) {
  ReplyParser parser;
  parser.feed("nonsense\r\n");
  EXPECT_FALSE(parser.next().has_value());
  parser.feed("250 fine\r\n");
  EXPECT_FALSE(parser.next().has_value());
}

TEST(ReplyParser, BoundsLinesWhetherTheyEndOrNot) {
  const std::string longest = "250 " + std::string(kReplyLineBytesMax - 4, 'x');
  for (const char* end : {"\n", "\r\n"}) {
    for (const std::size_t step : {1, 64, 5000}) {
      EXPECT_EQ(parse(longest + end, step).size(), 1u) << step;
      EXPECT_TRUE(breaks(longest + "x" + end, step)) << step;
    }
  }
  EXPECT_TRUE(breaks(longest + "\rx\r\n", 1));
  EXPECT_TRUE(breaks(std::string(kReplyLineBytesMax + 1, '2'), 1));
}

TEST(ReplyParser, BoundsLinesPerReplyAndBytesPerReply) {
  std::string lines;
  for (std::size_t i = 1; i < kReplyLinesMax; ++i) lines += "250-x\r\n";
  EXPECT_FALSE(breaks(lines + "250 x\r\n"));
  EXPECT_TRUE(breaks(lines + "250-x\r\n250 x\r\n"));
  std::string wide;
  for (int i = 0; i < 40; ++i) wide += "250-" + std::string(1900, 'x') + "\r\n";
  EXPECT_TRUE(breaks(wide));
}

TEST(ReplyParser, TellsOfBytesBehindAReply) {
  ReplyParser parser;
  EXPECT_FALSE(parser.has_leftover());
  parser.feed("220 go\r\n2");
  EXPECT_TRUE((*parser.next()).has_value());
  EXPECT_TRUE(parser.has_leftover());
  parser.feed("50-x\r\n");
  EXPECT_FALSE((*parser.next()).has_value());
  EXPECT_TRUE(parser.has_leftover());
  parser.reset();
  EXPECT_FALSE(parser.has_leftover());
}

TEST(ReplyParser, SurvivesRandomBytes) {
  SeededRandom random(7);
  constexpr std::string_view kAlphabet = "2545 -\r\n\t.ax\0\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::uint64_t n = random.below(60); n > 0; --n) {
      bytes += kAlphabet[random.below(kAlphabet.size())];
    }
    bool broken = false;
    bool broken_bytewise = false;
    const auto at_once = parse(bytes, 100, &broken);
    EXPECT_EQ(at_once, parse(bytes, 1, &broken_bytewise));
    EXPECT_EQ(broken, broken_bytewise);
    for (const Reply& reply : at_once) {
      EXPECT_TRUE(reply.code >= 200 && reply.code < 600);
      EXPECT_TRUE(is_valid_utf8(reply.text()));
    }
  }
}

TEST(EnhancedCodes, AreReadAtTheStartOfTheText) {
  EXPECT_EQ(parse_enhanced_code("5.1.1 no"), (EnhancedCode{5, 1, 1}));
  EXPECT_EQ(parse_enhanced_code("4.7.650 busy"), (EnhancedCode{4, 7, 650}));
  EXPECT_EQ(parse_enhanced_code("#5.1.0 Address rejected."), (EnhancedCode{5, 1, 0}));
  EXPECT_EQ(parse_enhanced_code("5.2.2"), (EnhancedCode{5, 2, 2}));
  EXPECT_EQ(parse_enhanced_code("5.1.1:no"), (EnhancedCode{5, 1, 1}));
  for (const char* none : {"", "5.1", "3.1.1 x", "5.1.1.1 x", "5.1.1000 x", "5.x.1", "51.1.1 x",
                           "192.0.2.1 listed", "5.1.1x", "hello 5.1.1"}) {
    EXPECT_FALSE(parse_enhanced_code(none).has_value()) << none;
  }
  EXPECT_EQ((EnhancedCode{4, 2, 2}.to_string()), "4.2.2");
}

TEST(EnhancedCodes, MayStandOnALaterLine) {
  EXPECT_EQ(parse("550-No luck\r\n550 5.1.1 really\r\n", 99)[0].enhanced, (EnhancedCode{5, 1, 1}));
}

}  // namespace
}  // namespace verihook::smtp
