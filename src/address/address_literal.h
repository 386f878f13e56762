// What stands between the brackets of a domain literal: an IPv4 address, "IPv6:" and an IPv6
// address in one of the four forms of RFC 5321 section 4.1.3, or something that is legal in a
// header only. No other tag is registered, so General-address-literal never makes an envelope
// address. Pure.
#pragma once

#include <string>
#include <string_view>

#include "address/syntax_rule.h"

namespace verihook::address {

// kAddressLiteral, or the rule that the content breaks.
SyntaxRule check_address_literal(std::string_view content);

// The one form of an address that has many: IPv4 without leading zeros; "ipv6:" and the form of RFC
// 5952. The content must be what check_address_literal() calls kAddressLiteral.
std::string normalize_address_literal(std::string_view content);

// Four decimal numbers from 0 to 255 (RFC 5321 allows leading zeros, up to three digits each).
bool is_ipv4_literal(std::string_view text);

}  // namespace verihook::address
