#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

TEST(Terminal, SeparatesThousands) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'000), "1,000");
  EXPECT_EQ(with_thousands(-1'234'567), "-1,234,567");
  EXPECT_EQ(with_thousands(-123), "-123");
}

TEST(Terminal, TellsTimeAsAClockDoes) {
  EXPECT_EQ(clock_text(7), "0:07");
  EXPECT_EQ(clock_text(750), "12:30");
  EXPECT_EQ(clock_text(7'500), "2:05:00");
}

TEST(Terminal, ClipsByCharactersNotBytes) {
  EXPECT_EQ(clipped("äöü", 3), "äöü");
  EXPECT_EQ(clipped("äöüß", 3), "äö…");
  EXPECT_EQ(display_width("äö…"), 3u);
}

TEST(Terminal, LetsNoControlCharactersThrough) {
  EXPECT_EQ(printable("a\x1b[31mb\r\nc\x7f"), "a [31mb  c ");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "grüß");
  EXPECT_EQ(printable("bad\xff"), "bad?");
}

TEST(Terminal, AlignsColumnsAndNumbers) {
  const std::string text = aligned(
      {}, {{{"name"}, {"count", true}}, {{"ä"}, {"1,000", true}}, {{"longer"}, {"7", true}}});
  EXPECT_EQ(text,
            "  name    count\n"
            "  ä       1,000\n"
            "  longer      7\n");
}

TEST(Terminal, PaintsWithoutDisturbingTheColumns) {
  const std::string text =
      aligned({.colour = true}, {{{"a", false, Colour::kRed}, {"x"}}, {{"long"}, {"y"}}}, 0);
  EXPECT_EQ(text, "\x1b[31ma\x1b[0m     x\nlong  y\n");
}

}  // namespace
}  // namespace verihook::cli
