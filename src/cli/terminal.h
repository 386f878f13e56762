// What is on the other end of standard output or error, and how to write for it: colours only where
// a person looks, lines no wider than the window, numbers with thousands separated. Everything but
// terminal_of and the two write functions is pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace verihook::cli {

struct Terminal {
  bool is_terminal = false;
  bool colour = false;   // never with NO_COLOR or TERM=dumb
  bool unicode = false;  // the locale is UTF-8
  int width = 80;
};

enum class Channel {
  kOut,    // standard output: what was asked for
  kError,  // standard error: progress and complaints
};
Terminal terminal_of(Channel channel);
// Writes at once; what cannot be written (a closed pipe) is nobody's business any more.
void write(Channel channel, std::string_view text);

enum class Colour { kPlain, kGreen, kRed, kYellow, kDim, kBold };
std::string paint(const Terminal& terminal, Colour colour, std::string_view text);
// The colour in which a verdict's status is shown.
Colour colour_of_status(std::string_view status);

// 1234567 as "1,234,567".
std::string with_thousands(std::int64_t number);
// "0:07", "12:30", "2:05:00".
std::string clock_text(std::int64_t seconds);
// Columns that the text takes: code points, good enough for what this program prints.
std::size_t display_width(std::string_view utf8);
// At most `width` columns; what does not fit ends in "…".
std::string clipped(std::string_view utf8, std::size_t width);
// Text from elsewhere without control characters, so that a server cannot write on our terminal.
std::string printable(std::string_view text);

struct Cell {
  std::string text;
  bool right = false;  // numbers
  Colour colour = Colour::kPlain;
};
// Rows with their columns aligned, two spaces apart, each line indented.
std::string aligned(const Terminal& terminal, const std::vector<std::vector<Cell>>& rows,
                    int indent = 2);

}  // namespace verihook::cli
