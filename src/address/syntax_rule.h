// What can be said about the syntax of an address: one enumerator per rule, and for each rule the
// level it puts the address on, a token for machines and a sentence that names the RFC section. The
// table is the only place where the three are bound together. Pure values, any thread, no failure.
#pragma once

#include <cstdint>
#include <string_view>

namespace verihook::address {

// Where an address of this shape may be used.
enum class Level : std::uint8_t {
  kEnvelope,    // may stand in RCPT TO: the form that mail is delivered to
  kHeaderOnly,  // legal in a message header (RFC 5322), but not in an SMTP envelope
  kIllegal,     // no grammar derives it
};

// Grouped by level; within a group in the order in which a reader meets them in the RFCs.
enum class SyntaxRule : std::uint8_t {
  // Envelope
  kPlain,                   // a dot-string at a domain name, nothing unusual
  kQuotedString,            // the local part needs or uses quotation marks
  kInternationalLocalPart,  // the local part has characters beyond ASCII
  kInternationalDomain,     // the domain was written with U-labels
  kAddressLiteral,          // the domain is an IP address in brackets
  kTopLevelDomain,          // the domain is a single label
  kNumericTopLevelDomain,   // the last label is all digits
  // Envelope, but refused by the policy of whoever asks
  kQuotedStringRefused,           // the policy wants no quoted local part
  kDomainLiteralRefused,          // the policy wants a name that can be looked up
  kSingleLabelRefused,            // the policy wants a domain below a top-level domain
  kNumericTopLevelDomainRefused,  // the policy wants a top-level domain that can exist
  kSpecialUseRefused,             // the policy wants a name that the public DNS can have
  // Header only
  kComment,                  // a comment in parentheses
  kFoldingWhiteSpace,        // spaces, tabs or a folded line around a part
  kCommentOrSpaceNearAt,     // comment or white space next to the "@"
  kObsoleteFolding,          // white space folded over more than one line
  kObsoleteLocalPart,        // several words, or comments and spaces between them
  kObsoleteDomain,           // comments or white space between labels
  kObsoleteQuotedText,       // a control character inside quotation marks
  kObsoleteQuotedPair,       // a backslash before a control character
  kObsoleteCommentText,      // a control character inside a comment
  kLocalPartTooLong,         // more than 64 octets before the "@"
  kLabelTooLong,             // a label of more than 63 octets
  kDomainTooLong,            // more than 255 octets after the "@"
  kAddressTooLong,           // more than 254 octets in all
  kDomainCharacter,          // an atom character that no host name has
  kDomainLiteralNotAddress,  // brackets around what is not an IP address
  kDomainLiteralObsolete,    // control characters or backslashes in brackets
  kIpv6GroupCount,           // not eight groups of 16 bits
  kIpv6TooManyGroups,        // too many groups beside "::"
  kIpv6SecondDoubleColon,    // "::" more than once
  kIpv6LeadingColon,         // a single colon at the start
  kIpv6TrailingColon,        // a single colon at the end
  kIpv6BadGroup,             // a group that is not one to four hexadecimal digits
  kIpv6SingleGroupElided,    // "::" in place of one group only
  // Illegal
  kEmpty,                   // nothing at all
  kNoLocalPart,             // nothing before the "@"
  kNoDomain,                // no "@", or nothing after it
  kSecondAt,                // an "@" where the domain should go on or end
  kDotAtStart,              // a part begins with a dot
  kDotAtEnd,                // a part ends with a dot
  kConsecutiveDots,         // two dots in a row
  kLocalPartCharacter,      // a character that needs quotation marks
  kDomainForbidden,         // a character that no domain may have
  kTextAfterComment,        // text directly after a comment or white space
  kTextAfterQuotedString,   // text directly after a closing quotation mark
  kTextAfterDomainLiteral,  // text after a closing bracket
  kQuotedCharacter,         // a character that may not stand in quotation marks
  kQuotedPair,              // a backslash before a character that it cannot quote
  kCommentCharacter,        // a character that may not stand in a comment
  kLiteralCharacter,        // a character that may not stand in brackets
  kUnclosedQuotedString,    // the closing quotation mark is missing
  kUnclosedComment,         // the closing parenthesis is missing
  kUnclosedDomainLiteral,   // the closing bracket is missing
  kBackslashAtEnd,          // nothing follows the backslash
  kCarriageReturnAlone,     // CR without LF
  kLineBreakAtEnd,          // a line break with no white space after it
  kLineBreakTwice,          // a line break directly after another
  kHyphenAtLabelStart,      // a label begins with a hyphen
  kHyphenAtLabelEnd,        // a label ends with a hyphen
  kInvalidUtf8,             // octets above 127 that are not UTF-8
  kForbiddenUnicode,        // a C1 control, line separator or non-character
  kInvalidIdn,              // UTS 46 cannot turn the domain into A-labels
};

Level level_of(SyntaxRule rule);

// snake_case, stable: for the `syntax` field, logs and metrics.
std::string_view to_string(SyntaxRule rule);
std::string_view to_string(Level level);

// One sentence that begins with the RFC and its section.
std::string_view explain(SyntaxRule rule);

}  // namespace verihook::address
