#include "smtp/command.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace verihook::smtp {
namespace {

constexpr std::size_t kPathBytesMax = 254;
constexpr std::size_t kNameBytesMax = 255;

// C0, DEL, and the C1 controls that UTF-8 writes as C2 80 to C2 9F.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      return true;
    }
  }
  return false;
}

Result<std::string> greeting(std::string_view verb, std::string_view name) {
  const bool good =
      !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, [](char c) {
        return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
      });
  if (!good) {
    return fail(Errc::kInvalidArgument,
                "the name to greet mail servers with must be a host name or an address literal");
  }
  return fmt::format("{} {}\r\n", verb, name);
}

}  // namespace

Result<void> check_path(std::string_view address) {
  const auto refuse = [](std::string_view why) {
    return fail(Errc::kInvalidArgument,
                fmt::format("the address cannot be written in an SMTP command: {}", why));
  };
  if (address.empty() || address.size() > kPathBytesMax) return refuse("its length");
  if (has_control(address)) return refuse("a control character");
  if (!is_valid_utf8(address)) return refuse("it is not UTF-8");
  if (address.find_first_of("<>") != std::string_view::npos) return refuse("an angle bracket");
  const auto at = address.rfind('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == address.size()) {
    return refuse("it has no local part or no domain");
  }
  const bool quoted = at >= 2 && address.front() == '"' && address[at - 1] == '"';
  const std::string_view unquoted = quoted ? address.substr(at) : address;
  if (unquoted.find(' ') != std::string_view::npos) return refuse("a space");
  return {};
}

bool has_non_ascii(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

Result<std::string> ehlo_command(std::string_view name) { return greeting("EHLO", name); }
Result<std::string> helo_command(std::string_view name) { return greeting("HELO", name); }

Result<std::string> mail_command(std::string_view sender, bool smtputf8) {
  if (!sender.empty()) TRY_VOID(check_path(sender));
  return fmt::format("MAIL FROM:<{}>{}\r\n", sender, smtputf8 ? " SMTPUTF8" : "");
}

Result<std::string> rcpt_command(std::string_view recipient) {
  TRY_VOID(check_path(recipient));
  return fmt::format("RCPT TO:<{}>\r\n", recipient);
}

std::string starttls_command() { return "STARTTLS\r\n"; }
std::string rset_command() { return "RSET\r\n"; }
std::string quit_command() { return "QUIT\r\n"; }

}  // namespace verihook::smtp
