// Unicode work on the two halves of an address, through ICU: normalization form C, and UTS 46 in
// its non-transitional form (an eszett stays an eszett). Nothing is kept between calls, so any
// thread may call. The ASCII case costs no call into ICU.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "address/syntax_rule.h"

namespace verihook::address {

bool is_ascii(std::string_view text);

// Form C of a well-formed UTF-8 text; nothing where ICU cannot normalize it.
std::optional<std::string> to_nfc(std::string_view utf8);

// Whether a well-formed UTF-8 text has a C1 control, a line or paragraph separator or a
// non-character: what RFC 5198 section 2 keeps out of text on the network.
bool has_forbidden_character(std::string_view utf8);

// The domain as lower-case A-labels, checked for hyphens, joiners and direction, without a trailing
// dot. Fails with kInvalidIdn, or with kLabelTooLong or kDomainTooLong when only its length is
// wrong. A domain that is ASCII already is lower-cased; A-labels in it have to decode to valid
// U-labels.
std::expected<std::string, SyntaxRule> to_ascii_domain(std::string_view domain);

// For people: A-labels shown as U-labels; the text itself where that is not possible.
std::string to_unicode_domain(std::string_view ascii_domain);

}  // namespace verihook::address
