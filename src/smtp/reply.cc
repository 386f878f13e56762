#include "smtp/reply.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::smtp {
namespace {

constexpr std::string_view kLineEnd = "\r\n";  // which a bare LF counts as

// Text of strangers ends up in results and logs: printable, and valid UTF-8.
std::string printable(std::string_view text) {
  const bool utf8 = is_valid_utf8(text);
  std::string out(text);
  std::ranges::replace_if(
      out,
      [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8);
      },
      '?');
  return out;
}

// One to three digits; moves behind them.
std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  int value = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    if (digits == 3) return std::nullopt;
    value = value * 10 + (text[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string EnhancedCode::to_string() const {
  return fmt::format("{}.{}.{}", class_digit, subject, detail);
}

std::string Reply::text() const { return fmt::format("{}", fmt::join(lines, " ")); }

std::optional<EnhancedCode> parse_enhanced_code(std::string_view text) {
  text = trim(text);
  if (text.starts_with('#')) text.remove_prefix(1);
  const auto class_digit = take_number(text);
  if (!class_digit || (*class_digit != 2 && *class_digit != 4 && *class_digit != 5)) return {};
  if (!take_dot(text)) return {};
  const auto subject = take_number(text);
  if (!subject || !take_dot(text)) return {};
  const auto detail = take_number(text);
  if (!detail) return {};
  // "5.1.1.2" and "5.1.1x" are something else.
  if (!text.empty() && (is_alnum(text.front()) || text.front() == '.')) return {};
  return EnhancedCode{*class_digit, *subject, *detail};
}

std::unexpected<Error> ReplyParser::break_off(std::string_view why) {
  broken_ = Error{Errc::kProtocol, fmt::format("the mail server's reply is not SMTP: {}", why)};
  buffer_.clear();
  position_ = searched_ = 0;
  return std::unexpected(*broken_);
}

Result<std::optional<Reply>> ReplyParser::next() {
  if (broken_) return std::unexpected(*broken_);
  for (;;) {
    const std::size_t end = buffer_.find('\n', std::max(searched_, position_));
    // Without the end of the line, or what may be its beginning.
    std::string_view line(buffer_.data() + position_, std::min(end, buffer_.size()) - position_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kReplyLineBytesMax) return break_off("a line is too long");
    if (end == std::string::npos) {
      buffer_.erase(0, position_);
      position_ = 0;
      searched_ = buffer_.size();
      return std::optional<Reply>{};
    }
    position_ = end + 1;
    reply_bytes_ += line.size() + kLineEnd.size();
    TRY(complete, take_line(line));
    if (!complete) continue;
    reply_bytes_ = 0;
    return std::optional<Reply>{std::exchange(current_, Reply{})};
  }
}

Result<bool> ReplyParser::take_line(std::string_view line) {
  if (reply_bytes_ > kReplyBytesMax) return break_off("it is too large");
  if (current_.lines.size() == kReplyLinesMax) return break_off("it has too many lines");
  const bool has_code = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) &&
                        is_digit(line[2]);
  if (!has_code) return break_off("a line does not begin with a code");
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  const char separator = line.size() == 3 ? ' ' : line[3];
  if (separator != ' ' && separator != '-' && separator != '\t') {
    return break_off("a code is followed by neither a space nor a hyphen");
  }
  if (!current_.lines.empty() && code != current_.code) {
    return break_off("the lines of one reply have different codes");
  }
  const std::string_view text = line.size() <= 4 ? std::string_view{} : line.substr(4);
  current_.code = code;
  if (!current_.enhanced) current_.enhanced = parse_enhanced_code(text);
  current_.lines.push_back(printable(text));
  return separator != '-';
}

}  // namespace verihook::smtp
