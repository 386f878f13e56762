#include "address/syntax_rule.h"

#include <array>
#include <cstddef>

namespace verihook::address {
namespace {

struct RuleText {
  SyntaxRule rule;
  Level level;
  std::string_view token;
  std::string_view text;
};

using enum SyntaxRule;
using enum Level;

// In the order of the enumerators, so that a look-up is an index; is_in_order() holds it to that.
constexpr auto kRules = std::to_array<RuleText>({
    {kPlain, kEnvelope, "plain", "RFC 5321 section 4.1.2: a dot-string at a domain name"},
    {kQuotedString, kEnvelope, "quoted_string",
     "RFC 5321 section 4.1.2: the local part is a quoted string"},
    {kInternationalLocalPart, kEnvelope, "international_local_part",
     "RFC 6531 section 3.3: the local part has characters beyond ASCII"},
    {kInternationalDomain, kEnvelope, "international_domain",
     "RFC 6531 section 3.3: the domain has U-labels"},
    {kAddressLiteral, kEnvelope, "address_literal",
     "RFC 5321 section 4.1.3: the domain is an IP address in brackets"},
    {kTopLevelDomain, kEnvelope, "top_level_domain",
     "RFC 5321 section 2.3.5: the domain is a single label"},
    {kNumericTopLevelDomain, kEnvelope, "numeric_top_level_domain",
     "RFC 3696 section 2: the last label of the domain is all digits"},
    {kQuotedStringRefused, kEnvelope, "quoted_string_refused",
     "RFC 5321 section 4.1.2: quoted local parts are refused by policy"},
    {kDomainLiteralRefused, kEnvelope, "domain_literal_refused",
     "RFC 5321 section 4.1.3: an IP address in place of a domain is refused by policy"},
    {kSingleLabelRefused, kEnvelope, "single_label_refused",
     "RFC 5321 section 2.3.5: a domain of a single label is refused by policy"},
    {kNumericTopLevelDomainRefused, kEnvelope, "numeric_top_level_domain_refused",
     "RFC 3696 section 2: a top-level domain of digits does not exist, and is refused by policy"},
    {kSpecialUseRefused, kEnvelope, "special_use_refused",
     "RFC 6761 section 3: a name set aside for special use is refused by policy"},

    {kComment, kHeaderOnly, "comment",
     "RFC 5321 section 4.1.2: an envelope address has no comments (RFC 5322 section 3.2.2)"},
    {kFoldingWhiteSpace, kHeaderOnly, "folding_white_space",
     "RFC 5321 section 4.1.2: an envelope address has no white space (RFC 5322 section 3.2.2)"},
    {kCommentOrSpaceNearAt, kHeaderOnly, "comment_or_space_near_at",
     "RFC 5322 section 3.4.1: comments and white space should not stand next to the \"@\""},
    {kObsoleteFolding, kHeaderOnly, "obsolete_folding",
     "RFC 5322 section 4.2: white space folded over several lines is obsolete"},
    {kObsoleteLocalPart, kHeaderOnly, "obsolete_local_part",
     "RFC 5322 section 4.4: a local part of several words is obsolete"},
    {kObsoleteDomain, kHeaderOnly, "obsolete_domain",
     "RFC 5322 section 4.4: comments and white space inside the domain are obsolete"},
    {kObsoleteQuotedText, kHeaderOnly, "obsolete_quoted_text",
     "RFC 5322 section 4.1: control characters in a quoted string are obsolete"},
    {kObsoleteQuotedPair, kHeaderOnly, "obsolete_quoted_pair",
     "RFC 5322 section 4.1: a backslash before a control character is obsolete"},
    {kObsoleteCommentText, kHeaderOnly, "obsolete_comment_text",
     "RFC 5322 section 4.1: control characters in a comment are obsolete"},
    {kLocalPartTooLong, kHeaderOnly, "local_part_too_long",
     "RFC 5321 section 4.5.3.1.1: the local part has more than 64 octets"},
    {kLabelTooLong, kHeaderOnly, "label_too_long",
     "RFC 1035 section 2.3.4: a label of the domain has more than 63 octets"},
    {kDomainTooLong, kHeaderOnly, "domain_too_long",
     "RFC 5321 section 4.5.3.1.2: the domain has more than 255 octets"},
    {kAddressTooLong, kHeaderOnly, "address_too_long",
     "RFC 5321 section 4.5.3.1.3: the address has more than 254 octets"},
    {kDomainCharacter, kHeaderOnly, "domain_character",
     "RFC 5321 section 4.1.2: a domain has letters, digits and hyphens only"},
    {kDomainLiteralNotAddress, kHeaderOnly, "domain_literal_not_address",
     "RFC 5321 section 4.1.3: what stands in brackets is not an IP address"},
    {kDomainLiteralObsolete, kHeaderOnly, "domain_literal_obsolete",
     "RFC 5322 section 4.4: control characters and backslashes in brackets are obsolete"},
    {kIpv6GroupCount, kHeaderOnly, "ipv6_group_count",
     "RFC 5321 section 4.1.3: an IPv6 address without \"::\" has eight groups"},
    {kIpv6TooManyGroups, kHeaderOnly, "ipv6_too_many_groups",
     "RFC 5321 section 4.1.3: an IPv6 address with \"::\" has at most six groups"},
    {kIpv6SecondDoubleColon, kHeaderOnly, "ipv6_second_double_colon",
     "RFC 5321 section 4.1.3: \"::\" stands once in an IPv6 address"},
    {kIpv6LeadingColon, kHeaderOnly, "ipv6_leading_colon",
     "RFC 5321 section 4.1.3: an IPv6 address does not begin with a single colon"},
    {kIpv6TrailingColon, kHeaderOnly, "ipv6_trailing_colon",
     "RFC 5321 section 4.1.3: an IPv6 address does not end with a single colon"},
    {kIpv6BadGroup, kHeaderOnly, "ipv6_bad_group",
     "RFC 5321 section 4.1.3: an IPv6 group is one to four hexadecimal digits"},
    {kIpv6SingleGroupElided, kHeaderOnly, "ipv6_single_group_elided",
     "RFC 5321 section 4.1.3: \"::\" stands for two groups or more"},

    {kEmpty, kIllegal, "empty", "RFC 5321 section 4.1.2: there is no address"},
    {kNoLocalPart, kIllegal, "no_local_part",
     "RFC 5321 section 4.1.2: nothing stands before the \"@\""},
    {kNoDomain, kIllegal, "no_domain",
     "RFC 5321 section 4.1.2: an \"@\" and a domain have to follow the local part"},
    {kSecondAt, kIllegal, "second_at",
     "RFC 5321 section 4.1.2: a domain has no \"@\"; in a local part it needs quotation marks"},
    {kDotAtStart, kIllegal, "dot_at_start",
     "RFC 5321 section 4.1.2: neither part begins with a dot"},
    {kDotAtEnd, kIllegal, "dot_at_end", "RFC 5321 section 4.1.2: neither part ends with a dot"},
    {kConsecutiveDots, kIllegal, "consecutive_dots",
     "RFC 5321 section 4.1.2: dots do not follow each other"},
    {kLocalPartCharacter, kIllegal, "local_part_character",
     "RFC 5322 section 3.2.3: this character needs quotation marks in a local part"},
    {kDomainForbidden, kIllegal, "domain_forbidden",
     "RFC 5322 section 3.2.3: no domain has this character"},
    {kTextAfterComment, kIllegal, "text_after_comment",
     "RFC 5322 section 3.2.3: after a comment or white space only a dot, \"@\" or the end follows"},
    {kTextAfterQuotedString, kIllegal, "text_after_quoted_string",
     "RFC 5322 section 3.2.4: after a quoted string only a dot or \"@\" follows"},
    {kTextAfterDomainLiteral, kIllegal, "text_after_domain_literal",
     "RFC 5322 section 3.4.1: nothing follows the closing bracket"},
    {kQuotedCharacter, kIllegal, "quoted_character",
     "RFC 5322 section 3.2.4: this character needs a backslash in a quoted string"},
    {kQuotedPair, kIllegal, "quoted_pair",
     "RFC 5321 section 4.1.2: a backslash quotes one ASCII character"},
    {kCommentCharacter, kIllegal, "comment_character",
     "RFC 5322 section 3.2.2: a comment does not have this character"},
    {kLiteralCharacter, kIllegal, "literal_character",
     "RFC 5322 section 3.4.1: a domain literal does not have this character"},
    {kUnclosedQuotedString, kIllegal, "unclosed_quoted_string",
     "RFC 5322 section 3.2.4: the closing quotation mark is missing"},
    {kUnclosedComment, kIllegal, "unclosed_comment",
     "RFC 5322 section 3.2.2: the closing parenthesis is missing"},
    {kUnclosedDomainLiteral, kIllegal, "unclosed_domain_literal",
     "RFC 5322 section 3.4.1: the closing bracket is missing"},
    {kBackslashAtEnd, kIllegal, "backslash_at_end",
     "RFC 5322 section 3.2.1: nothing follows the backslash"},
    {kCarriageReturnAlone, kIllegal, "carriage_return_alone",
     "RFC 5322 section 2.2: CR does not stand without LF"},
    {kLineBreakAtEnd, kIllegal, "line_break_at_end",
     "RFC 5322 section 3.2.2: a line break has to be followed by white space"},
    {kLineBreakTwice, kIllegal, "line_break_twice",
     "RFC 5322 section 3.2.2: a line break does not follow another directly"},
    {kHyphenAtLabelStart, kIllegal, "hyphen_at_label_start",
     "RFC 5321 section 4.1.2: a label begins with a letter or digit"},
    {kHyphenAtLabelEnd, kIllegal, "hyphen_at_label_end",
     "RFC 5321 section 4.1.2: a label ends with a letter or digit"},
    {kInvalidUtf8, kIllegal, "invalid_utf8",
     "RFC 6531 section 3.3: octets above 127 have to be UTF-8 (RFC 3629)"},
    {kForbiddenUnicode, kIllegal, "forbidden_unicode",
     "RFC 5198 section 2: control characters, line separators and non-characters are excluded"},
    {kInvalidIdn, kIllegal, "invalid_idn",
     "RFC 5890 section 2.3.2.1: the domain has no A-label form (UTS 46)"},
});

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].rule != static_cast<SyntaxRule>(i)) return false;
  }
  return kRules.back().rule == kInvalidIdn;
}
static_assert(is_in_order());

const RuleText& row(SyntaxRule rule) { return kRules[static_cast<std::size_t>(rule)]; }

}  // namespace

Level level_of(SyntaxRule rule) { return row(rule).level; }
std::string_view to_string(SyntaxRule rule) { return row(rule).token; }
std::string_view explain(SyntaxRule rule) { return row(rule).text; }

std::string_view to_string(Level level) {
  switch (level) {
    case kEnvelope:
      return "envelope";
    case kHeaderOnly:
      return "header_only";
    case kIllegal:
      return "illegal";
  }
  return "illegal";
}

}  // namespace verihook::address
