// The one place that writes SMTP command lines. Whatever a caller passes, a line holds exactly one
// command: anything that could end the line, or the address inside it, is refused with
// kInvalidArgument. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace verihook::smtp {

Result<std::string> ehlo_command(std::string_view name);
Result<std::string> helo_command(std::string_view name);
// An empty sender is the null reverse path "<>". `smtputf8` adds the parameter of RFC 6531.
Result<std::string> mail_command(std::string_view sender, bool smtputf8);
Result<std::string> rcpt_command(std::string_view recipient);
std::string starttls_command();
std::string rset_command();
std::string quit_command();

// Whether an address can stand between < and > (RFC 5321 Path, 6531): at most 254 bytes, valid
// UTF-8, no control characters, no angle brackets, spaces only inside a quoted local part.
Result<void> check_path(std::string_view address);

// True when an address needs SMTPUTF8.
bool has_non_ascii(std::string_view text);

}  // namespace verihook::smtp
