// One e-mail address: parsed, classified, in its normal form. The grammar is RFC 5321 and RFC 6531
// for what may stand in an envelope; forms that only a message header may have (comments, folding,
// obsolete quoting) are recognised and refused by name. Pure functions, any thread, any bytes; the
// time is linear in the length of the text. What can go wrong is a SyntaxError, never an exception.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "address/syntax_rule.h"

namespace verihook::address {

struct ParsedAddress {
  std::string local_part;       // as written
  std::string local_unquoted;   // in NFC, without quotation marks and their backslashes
  std::string domain;           // as written, a literal with its brackets
  std::string domain_ascii;     // lower-case A-labels; a literal lower-cased, with its brackets
  bool quoted = false;          // the local part was written in quotation marks
  bool domain_literal = false;  // the domain is an IP address in brackets
  bool eai = false;             // the local part needs SMTPUTF8
  SyntaxRule form = SyntaxRule::kPlain;  // the most unusual thing about it; always an envelope rule

  // Two spellings of one mailbox have one normal form: the domain as above; the local part in NFC,
  // quoted only where it has to be. Its letter case is kept, because only its host may ignore it.
  std::string normalized;
  std::string normalized_local;  // what stands before the "@" of `normalized`

  // "+tag": what follows the first plus sign, where something stands before it.
  bool tagged = false;
  std::string tag;
  std::string untagged;  // `normalized` without "+tag"; equal to it where there is none
};

struct SyntaxError {
  SyntaxRule rule = SyntaxRule::kEmpty;
  std::size_t position = 0;  // octets from the start of the text, where the rule is first broken

  std::string_view text() const { return explain(rule); }
};

struct Classification {
  Level level = Level::kIllegal;
  SyntaxRule rule = SyntaxRule::kEmpty;
  std::size_t position = 0;  // as in SyntaxError; 0 for an envelope address
};

// What whoever asks accepts beyond syntax. A literal is off by default, since it has no MX to ask.
struct SyntaxPolicy {
  bool allow_quoted = true;
  bool allow_domain_literal = false;
};

// The address, when it is of the envelope level; else the rule that keeps it from being one.
// Nothing is trimmed: white space around an address is the caller's to remove.
std::expected<ParsedAddress, SyntaxError> parse(std::string_view text);

Classification classify(std::string_view text);

// The refusal of an address that is right as syntax, or nothing.
std::optional<SyntaxError> judge(const ParsedAddress& parsed, const SyntaxPolicy& policy);

// parse() and judge() in one: what verification asks.
std::expected<ParsedAddress, SyntaxError> parse(std::string_view text, const SyntaxPolicy& policy);

// A local part as it goes on the wire: quoted, with the fewest backslashes, only where it has to
// be.
std::string quote_local_part(std::string_view local_unquoted);

}  // namespace verihook::address
