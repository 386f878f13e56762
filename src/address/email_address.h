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
  std::string local_part;      // as written
  std::string local_unquoted;  // in NFC, without quotation marks and their backslashes
  std::string domain;          // as written, a literal with its brackets
  std::string domain_ascii;    // lower-case A-labels; a literal in its shortest form, with brackets
  bool quoted = false;         // the local part was written in quotation marks, or needs them
  bool domain_literal = false;           // the domain is an IP address in brackets
  bool eai = false;                      // the normal form of the local part needs SMTPUTF8
  SyntaxRule form = SyntaxRule::kPlain;  // the most unusual thing about it; always an envelope rule

  // Two spellings of one mailbox have one normal form: the domain as above; the local part in NFC,
  // quoted only where it has to be. Its letter case is kept, because only its host may ignore it.
  std::string normalized;
  std::string normalized_local;  // what stands before the "@" of `normalized`

  // "+tag": what follows the first plus sign, where a whole local part stands before it.
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

// What whoever asks accepts of all that is right as syntax. The default is verification's: a
// literal has no MX to ask; whether any other domain takes mail is for the DNS to say.
struct SyntaxPolicy {
  bool allow_quoted = true;
  bool allow_domain_literal = false;
  bool allow_single_label = true;
  bool allow_numeric_top_level_domain = true;
  bool allow_special_use = true;

  // All that RFC 5321 and RFC 6531 let stand in an envelope, and nothing else.
  static constexpr SyntaxPolicy strict() { return {.allow_domain_literal = true}; }
  // What a sign-up form should take: addresses of people at domains that the public DNS can have.
  static constexpr SyntaxPolicy web_form() {
    return {.allow_quoted = false,
            .allow_domain_literal = false,
            .allow_single_label = false,
            .allow_numeric_top_level_domain = false,
            .allow_special_use = false};
  }
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
