#include "cli/terminal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::cli {
namespace {

constexpr int kWidthMin = 20;
constexpr int kWidthMax = 200;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = environment(name);
    if (value.empty()) continue;
    return contains_ignoring_case(value, "utf-8") || contains_ignoring_case(value, "utf8");
  }
  return false;
}

int window_width(int descriptor) {
  winsize size{};
  int width = 80;
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  return std::clamp(width, kWidthMin, kWidthMax);
}

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

Terminal terminal_of(Channel channel) {
  const int descriptor = channel == Channel::kOut ? STDOUT_FILENO : STDERR_FILENO;
  Terminal terminal;
  terminal.is_terminal = isatty(descriptor) == 1;
  terminal.unicode = locale_is_utf8();
  if (!terminal.is_terminal) return terminal;
  terminal.colour = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  terminal.width = window_width(descriptor);
  return terminal;
}

void write(Channel channel, std::string_view text) {
  std::FILE* stream = channel == Channel::kOut ? stdout : stderr;
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

std::string paint(const Terminal& terminal, Colour colour, std::string_view text) {
  constexpr std::string_view kCodes[] = {"", "32", "31", "33", "2", "1"};
  if (!terminal.colour || colour == Colour::kPlain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

Colour colour_of_status(std::string_view status) {
  if (status == "valid" || status == "completed") return Colour::kGreen;
  if (status == "invalid" || status == "failed") return Colour::kRed;
  if (status == "risky" || status == "cancelled") return Colour::kYellow;
  return Colour::kDim;
}

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string clock_text(std::int64_t seconds) {
  const auto minutes = seconds / 60;
  if (minutes < 60) return fmt::format("{}:{:02}", minutes, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", minutes / 60, minutes % 60, seconds % 60);
}

std::size_t display_width(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return !continues_a_character(c); }));
}

std::string clipped(std::string_view utf8, std::size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < utf8.size()) {
    if (!continues_a_character(utf8[end]) && ++columns >= width) break;
    ++end;
  }
  return std::string(utf8.substr(0, end)) + "…";
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  if (is_valid_utf8(out)) return out;
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

std::string aligned(const Terminal& terminal, const std::vector<std::vector<Cell>>& rows,
                    int indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    out.append(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      const std::string space(widths[i] - display_width(cell.text), ' ');
      const bool last = i + 1 == row.size();
      if (cell.right) out += space;
      out += paint(terminal, cell.colour, cell.text);
      if (!cell.right && !last) out += space;
      if (!last) out += "  ";
    }
    out += '\n';
  }
  return out;
}

}  // namespace verihook::cli
