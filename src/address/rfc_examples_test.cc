// The addresses that the RFCs themselves give as examples, or describe in a sentence, by document.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "address/email_address.h"

namespace verihook::address {
namespace {

using enum SyntaxRule;

using Rows = std::vector<std::pair<std::string, SyntaxRule>>;

void expect_rules(const Rows& rows) {
  for (const auto& [text, rule] : rows) {
    EXPECT_EQ(to_string(classify(text).rule), to_string(rule)) << '<' << text << '>';
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Rfc3696, QuotesWhatAnAtomCannotHold) {
  expect_rules({
      {"\"Abc\\@def\"@example.com", kQuotedString},
      {"\"Fred\\ Bloggs\"@example.com", kQuotedString},
      {"\"Joe.\\\\Blow\"@example.com", kQuotedString},
      {"\"Abc@def\"@example.com", kQuotedString},
      {"\"Fred Bloggs\"@example.com", kQuotedString},
      {"user+mailbox@example.com", kPlain},
      {"customer/department=shipping@example.com", kPlain},
      {"$A12345@example.com", kPlain},
      {"!def!xyz%abc@example.com", kPlain},
      {"_somename@example.com", kPlain},
      // Erratum 246: a backslash stands in quotation marks only.
      {"Abc\\@def@example.com", kLocalPartCharacter},
      {"Fred\\ Bloggs@example.com", kLocalPartCharacter},
      // Section 2: all labels but the last may be digits.
      {"a@3.example.com", kPlain},
      {"a@example.42", kNumericTopLevelDomain},
  });
}

TEST(Rfc5321, KnowsMailboxesAndNotPaths) {
  expect_rules({
      {"Smith@bar.com", kPlain},
      {"Jones@foo.com", kPlain},
      {"userc@d.bar.org", kPlain},
      // Section 4.1.2: brackets and source routes belong to the path around the mailbox.
      {"<userc@d.bar.org>", kLocalPartCharacter},
      {"@hosta.int,@jkl.org:userc@d.bar.org", kNoLocalPart},
      {"userx%y@z.example", kPlain},
      {"host!user@bar.com", kPlain},
      // Section 4.5.1: postmaster may stand alone in RCPT TO, but is no mailbox of a domain then.
      {"Postmaster", kNoDomain},
      {"postmaster@bar.com", kPlain},
      // Section 2.3.5: no trailing dot.
      {"Smith@bar.com.", kDotAtEnd},
      // Section 4.1.2: no control characters, not even quoted.
      {"\"a\x01\"@bar.com", kObsoleteQuotedText},
      {"\"a\\\x7f\"@bar.com", kObsoleteQuotedPair},
      {"\"a\tb\"@bar.com", kFoldingWhiteSpace},
  });
}

TEST(Rfc5321, WritesAddressLiteralsInFiveForms) {
  expect_rules({
      {"a@[123.255.37.2]", kAddressLiteral},
      // IPv6-full
      {"a@[IPv6:0:0:0:0:0:0:0:1]", kAddressLiteral},
      {"a@[IPv6:FEDC:BA98:7654:3210:fedc:ba98:7654:3210]", kAddressLiteral},
      {"a@[IPv6:00001:0:0:0:0:0:0:1]", kIpv6BadGroup},
      // IPv6-comp: at most six groups beside "::"
      {"a@[IPv6:::]", kAddressLiteral},
      {"a@[IPv6:1::]", kAddressLiteral},
      {"a@[IPv6:::1:2:3:4:5:6]", kAddressLiteral},
      {"a@[IPv6:1:2:3::4:5:6]", kAddressLiteral},
      {"a@[IPv6:1:2:3:4::5:6:7]", kIpv6SingleGroupElided},
      {"a@[IPv6:1:2:3:4::5:6:7:8]", kIpv6TooManyGroups},
      // IPv6v4-full: six groups and IPv4
      {"a@[IPv6:1:2:3:4:5:6:192.0.2.1]", kAddressLiteral},
      {"a@[IPv6:1:2:3:4:5:192.0.2.1]", kIpv6GroupCount},
      {"a@[IPv6:1:2:3:4:5:6:7:192.0.2.1]", kIpv6GroupCount},
      // IPv6v4-comp: at most four groups beside "::" and IPv4
      {"a@[IPv6:::192.0.2.1]", kAddressLiteral},
      {"a@[IPv6:::FFFF:192.0.2.1]", kAddressLiteral},
      {"a@[IPv6:1:2::3:4:192.0.2.1]", kAddressLiteral},
      {"a@[IPv6:1:2::3:4:5:192.0.2.1]", kIpv6SingleGroupElided},
      {"a@[IPv6:192.0.2.1::]", kIpv6BadGroup},
      // Snum: up to three digits, up to 255
      {"a@[001.002.003.004]", kAddressLiteral},
      {"a@[256.1.1.1]", kDomainLiteralNotAddress},
      {"a@[0001.1.1.1]", kDomainLiteralNotAddress},
      {"a@[1.1.1]", kDomainLiteralNotAddress},
      // General-address-literal: no tag but IPv6 is registered.
      {"a@[IPv4:1.1.1.1]", kDomainLiteralNotAddress},
      {"a@[X-net:host]", kDomainLiteralNotAddress},
  });
}

TEST(Rfc5321, CountsLengthsInOctets) {
  const std::string two = "\xc3\xbc";
  const std::string three = "\xe7\x94\xa8";
  const std::string four = "\xf0\x9f\x98\x80";
  const std::string label = repeated("y", 63);
  expect_rules({
      {repeated("x", 64) + "@bar.com", kPlain},
      {repeated("x", 65) + "@bar.com", kLocalPartTooLong},
      {repeated(two, 32) + "@bar.com", kInternationalLocalPart},
      {repeated(two, 32) + "x@bar.com", kLocalPartTooLong},
      {repeated(three, 21) + "x@bar.com", kInternationalLocalPart},
      {repeated(three, 21) + "xx@bar.com", kLocalPartTooLong},
      {repeated(four, 16) + "@bar.com", kInternationalLocalPart},
      {repeated(four, 16) + "x@bar.com", kLocalPartTooLong},
      // Quotation marks and backslashes count.
      {"\"" + repeated(" ", 62) + "\"@bar.com", kQuotedString},
      {"\"" + repeated(" ", 63) + "\"@bar.com", kLocalPartTooLong},
      {"\"" + repeated("\\\"", 31) + "\"@bar.com", kQuotedString},
      {"\"" + repeated("\\\"", 31) + "x\"@bar.com", kLocalPartTooLong},
      {"a@" + label + ".com", kPlain},
      {"a@" + label + "y.com", kLabelTooLong},
      // 254 octets in all, then 255.
      {repeated("x", 64) + "@" + label + "." + label + "." + repeated("y", 57) + ".com", kPlain},
      {repeated("x", 64) + "@" + label + "." + label + "." + repeated("y", 58) + ".com",
       kAddressTooLong},
      {"a@" + label + "." + label + "." + label + "." + repeated("y", 61), kAddressTooLong},
      {"a@" + label + "." + label + "." + label + "." + label + ".com", kDomainTooLong},
      // A label beyond ASCII counts as its A-label: 63 octets of it, then more.
      {"a@" + repeated(two, 56) + ".com", kInternationalDomain},
      {"a@" + repeated(two, 64) + ".com", kLabelTooLong},
  });
}

TEST(Rfc5322, KnowsTheExamplesOfItsAppendix) {
  expect_rules({
      {"john.q.public@example.com", kPlain},
      {"sysservices@example.net", kPlain},
      // A.5
      {"pete(his account)@silly.test(his host)", kCommentOrSpaceNearAt},
      {"c@(Chris's host.)public.example", kCommentOrSpaceNearAt},
      {"joe@example.org", kPlain},
      {"jdoe@one.test", kPlain},
      {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", kLocalPartCharacter},
      // A.6.3
      {"jdoe@machine(comment).  example", kObsoleteDomain},
      {"mary@x.test", kPlain},
      {"mary @ example.net", kCommentOrSpaceNearAt},
      // A.6.1: a route before the address
      {"@node.test:mary@example.net", kNoLocalPart},
      {"jdoe@test   . example", kObsoleteDomain},
  });
}

TEST(Rfc5322, LetsCommentsAndFoldingStandInHeadersOnly) {
  expect_rules({
      {"(c)a@b.test", kComment},
      {"a@b.test(c)", kComment},
      {"(a(nested(deep)er)one)a@b.test", kComment},
      {"(with \\( and \\))a@b.test", kComment},
      {"(with \"quotes\" and a@b)a@b.test", kComment},
      {"(folded\r\n here)a@b.test", kComment},
      {"(\r\n \r\n )a@b.test", kObsoleteFolding},
      {"(c) (d) a@b.test", kComment},
      {"\t a@b.test", kFoldingWhiteSpace},
      {"a@b.test\r\n ", kFoldingWhiteSpace},
      {"\"a b\" @b.test", kCommentOrSpaceNearAt},
      {"a (c)@b.test", kCommentOrSpaceNearAt},
      {"a@ (c) b.test", kCommentOrSpaceNearAt},
      {"a@(c)[192.0.2.1]", kCommentOrSpaceNearAt},
      {"a@[192.0.2.1](c)", kComment},
      {"a@[192.0.2.1\r\n ]", kDomainLiteralNotAddress},
      // White space inside a quoted string may fold; the folded string is for headers.
      {"\"a\r\n b\"@b.test", kFoldingWhiteSpace},
      {"\"a\r\n \r\n b\"@b.test", kObsoleteFolding},
      // None of it makes up for what is missing.
      {"(c)@b.test", kNoLocalPart},
      {"a@(c)", kNoDomain},
      {"a(c", kUnclosedComment},
      {"a@b(c)d.test", kTextAfterComment},
  });
}

TEST(Rfc5322, KnowsObsoleteForms) {
  expect_rules({
      // obs-local-part = word *("." word)
      {"a.\"b\".c@d.test", kObsoleteLocalPart},
      {"\"a\".\"b\"@d.test", kObsoleteLocalPart},
      {"a . b@d.test", kObsoleteLocalPart},
      {"a.(c)b@d.test", kObsoleteLocalPart},
      {"\"a\" . b@d.test", kObsoleteLocalPart},
      {"a.\r\n b@d.test", kObsoleteLocalPart},
      // obs-domain = atom *("." atom)
      {"a@b .test", kObsoleteDomain},
      {"a@b.(c)test", kObsoleteDomain},
      {"a@b.\r\n test", kObsoleteDomain},
      // obs-qtext, obs-qp, obs-ctext, obs-dtext
      {"\"\x08\"@d.test", kObsoleteQuotedText},
      {"\"\\\r\"@d.test", kObsoleteQuotedPair},
      {"\"\\\n\"@d.test", kObsoleteQuotedPair},
      {"(\x1f)a@d.test", kObsoleteCommentText},
      {"(\\\x08)a@d.test", kObsoleteQuotedPair},
      {"a@[\x0e]", kDomainLiteralObsolete},
      {"a@[\\1]", kDomainLiteralObsolete},
      // Not even obsolete: empty words, and words without a dot between them.
      {"a..b@d.test", kConsecutiveDots},
      {"a. .b@d.test", kConsecutiveDots},
      {"a b@d.test", kTextAfterComment},
      {"\"a\"b@d.test", kTextAfterQuotedString},
      {"a\"b\"@d.test", kLocalPartCharacter},
  });
}

TEST(Rfc6531, TakesUtf8InBothHalves) {
  expect_rules({
      {"Pel\xc3\xa9@example.com", kInternationalLocalPart},
      {"D\xc3\xb6rte@S\xc3\xb6rensen.example.com", kInternationalLocalPart},
      {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.\xe5\xb9\xbf\xe5\x91\x8a",
       kInternationalLocalPart},
      {"\xe0\xa4\x85\xe0\xa4\x9c\xe0\xa4\xaf@\xe0\xa4\xa1\xe0\xa4\xbe\xe0\xa4\x9f\xe0\xa4\xbe."
       "\xe0\xa4\xad\xe0\xa4\xbe\xe0\xa4\xb0\xe0\xa4\xa4",
       kInternationalLocalPart},
      {"\xd0\xba\xd0\xbe\xd0\xbb\xd1\x8f@\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80."
       "\xd1\x80\xd1\x84",
       kInternationalLocalPart},
      {"\"\xd0\xba \xd0\xbb\"@example.com", kQuotedString},
      {"info@\xce\xbe\xce\xb5\xce\xbd\xce\xbf.example", kInternationalDomain},
      {"info@xn--mxagc0b.example", kPlain},
      // RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF, nothing cut off.
      {"a\xed\xbf\xbf@example.com", kInvalidUtf8},
      {"a\xe0\x80\xaf@example.com", kInvalidUtf8},
      {"a\xf4\x90\x80\x80@example.com", kInvalidUtf8},
      {"a\xe7\x94@example.com", kInvalidUtf8},
      // A byte order mark is a character of a local part, not a decoration of it.
      {"\xef\xbb\xbf@example.com", kInternationalLocalPart},
      // RFC 6532 section 3.1 adds nothing to quoted pairs.
      {"\"\\\xc3\xa9\"@example.com", kQuotedPair},
  });
}

TEST(Rfc6532, NormalizesLocalPartsToFormC) {
  EXPECT_EQ(parse("Pele\xcc\x81@example.com")->normalized, "Pel\xc3\xa9@example.com");
  EXPECT_EQ(parse("Pele\xcc\x81@example.com")->normalized,
            parse("Pel\xc3\xa9@example.com")->normalized);
  // Compatibility forms are other characters: an fi ligature stays one.
  EXPECT_EQ(parse("\xef\xac\x81@example.com")->normalized, "\xef\xac\x81@example.com");
}

TEST(Rfc5890, JudgesLabelsByTheirForm) {
  expect_rules({
      // An LDH label may have hyphens anywhere inside, so the third and fourth are no exception.
      {"a@ab--cd.test", kPlain},
      {"a@r3---sn-4g5e.test", kPlain},
      // What begins with xn-- has to be the A-label of something.
      {"a@xn--bcher-kva.test", kPlain},
      {"a@xn--.test", kHyphenAtLabelEnd},
      {"a@xn--a.test", kInvalidIdn},
      {"a@xn--zzzzzzzzzzz.test", kInvalidIdn},
      {"a@\xe2\x80\x8b.test", kInvalidIdn},
      {"a@-\xc3\xbc.test", kHyphenAtLabelStart},
      {"a@\xc3\xbc-.test", kHyphenAtLabelEnd},
  });
}

TEST(Rfc6761, SetsNamesAsideThatAWebFormDoesNotTake) {
  const auto refused = [](std::string_view text) {
    const auto parsed = parse(text, SyntaxPolicy::web_form());
    return parsed ? std::string_view("taken") : to_string(parsed.error().rule);
  };
  for (const auto* text :
       {"a@shop.test", "a@localhost", "a@b.localhost", "a@invalid", "a@b.example", "a@example.com",
        "a@mail.example.net", "a@example.org", "a@abc.onion", "a@b.alt", "a@printer.local",
        "a@corp.internal", "a@router.home.arpa"}) {
    EXPECT_EQ(refused(text), "special_use_refused") << text;
    EXPECT_TRUE(parse(text, SyntaxPolicy{})) << text;
    EXPECT_TRUE(parse(text, SyntaxPolicy::strict())) << text;
  }
}

}  // namespace
}  // namespace verihook::address
