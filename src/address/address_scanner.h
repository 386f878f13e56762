// The grammar: a recursive descent over the bytes of one address that names the first rule broken,
// or the first feature that keeps the address out of an envelope. It follows RFC 5322 with its
// obsolete forms, so that what is legal in a header can be told from what is legal nowhere; RFC
// 5321 and RFC 6531 then say what is an envelope address. One pass, no allocation except the
// unquoted local part, any bytes (NUL, broken UTF-8) are welcome. Used by email_address.cc;
// everybody else includes that.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "address/syntax_rule.h"

namespace verihook::address {

struct RuleAt {
  SyntaxRule rule = SyntaxRule::kPlain;
  std::size_t position = 0;  // octets from the start of the text
};

struct ScannedAddress {
  // The rule broken when the address is illegal, else the first header-only feature, else nothing.
  std::optional<RuleAt> problem;
  // The rest is meaningful where there is no problem: then the text is local part, "@", domain.
  std::string local_unquoted;
  std::size_t at_sign = 0;
  bool quoted = false;
  bool domain_literal = false;
};

inline constexpr std::size_t kLocalPartOctetsMax = 64;
inline constexpr std::size_t kDomainOctetsMax = 255;
inline constexpr std::size_t kLabelOctetsMax = 63;
inline constexpr std::size_t kAddressOctetsMax = 254;  // 256 for a path, less its angle brackets

// Octets that are not ASCII pass here; that they are UTF-8 is the caller's to check, and domains
// with such octets still have to be turned into A-labels.
ScannedAddress scan_address(std::string_view text);

// The first label that is too long, by its offset in an ASCII domain.
std::optional<std::size_t> find_long_label(std::string_view ascii_domain);

// Whether a local part may stand without quotation marks: a Dot-string of RFC 5321 section 4.1.2.
bool is_dot_string(std::string_view local_part);

}  // namespace verihook::address
