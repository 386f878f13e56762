// SMTP replies (RFC 5321 section 4.2) and the incremental parser that finds them in a byte stream
// that may be cut anywhere. Pure; one parser belongs to one connection. Lenient where servers are
// sloppy and nothing depends on it (bare LF, tabs, text bytes), strict on what decides (code,
// continuation), and bounded in every direction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::smtp {

// RFC 3463: class.subject.detail.
struct EnhancedCode {
  int class_digit = 0;  // 2, 4 or 5
  int subject = 0;
  int detail = 0;

  std::string to_string() const;
  friend bool operator==(const EnhancedCode&, const EnhancedCode&) = default;
};

struct Reply {
  int code = 0;  // 200 to 599
  std::optional<EnhancedCode> enhanced;
  std::vector<std::string> lines;  // text after the code; valid UTF-8 without control characters

  bool positive() const { return code / 100 == 2; }
  bool permanent() const { return code / 100 == 5; }
  // The lines joined by spaces, enhanced codes of continuation lines included.
  std::string text() const;

  friend bool operator==(const Reply&, const Reply&) = default;
};

inline constexpr std::size_t kReplyLineBytesMax = 2000;
inline constexpr std::size_t kReplyLinesMax = 100;
inline constexpr std::size_t kReplyBytesMax = 64 * 1024;

class ReplyParser {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }

  // The next whole reply; nothing when bytes are missing; kProtocol when this is not SMTP or past a
  // limit, and then for ever. Call it until it gives nothing before feeding more.
  Result<std::optional<Reply>> next();

  // Whether bytes came that belong to no reply given so far: what must not happen before STARTTLS.
  bool has_leftover() const { return position_ < buffer_.size() || !current_.lines.empty(); }
  // Forgets everything, e.g. when the connection goes on encrypted.
  void reset() { *this = ReplyParser(); }

 private:
  // One line without its end; true when it ends a reply.
  Result<bool> take_line(std::string_view line);
  std::unexpected<Error> break_off(std::string_view why);

  std::string buffer_;
  std::size_t position_ = 0;  // of the first byte not taken
  std::size_t searched_ = 0;  // no line end before this
  std::size_t reply_bytes_ = 0;
  Reply current_;
  std::optional<Error> broken_;
};

// "5.1.1 text" or "#5.1.0 text" at the start of a reply's text.
std::optional<EnhancedCode> parse_enhanced_code(std::string_view text);

}  // namespace verihook::smtp
