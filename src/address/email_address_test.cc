#include "address/email_address.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

using enum Level;
using enum SyntaxRule;
using namespace std::string_literals;

struct Case {
  std::string text;
  Level level;
  SyntaxRule rule;
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& [text, level, rule] : cases) {
    const auto found = classify(text);
    EXPECT_EQ(to_string(found.level), to_string(level)) << '<' << text << '>';
    EXPECT_EQ(to_string(found.rule), to_string(rule)) << '<' << text << '>';
    EXPECT_LE(found.position, text.size()) << '<' << text << '>';
  }
}

std::string of(std::size_t count, char c) { return std::string(count, c); }

TEST(EmailAddress, KnowsEnvelopeAddressesByTheirMostUnusualTrait) {
  expect_all({
      {"alice@shop.test", kEnvelope, kPlain},
      {"A@B.CD", kEnvelope, kPlain},
      {"first.last@shop.test", kEnvelope, kPlain},
      {"a.b.c.d.e@shop.test", kEnvelope, kPlain},
      {"alice+news@shop.test", kEnvelope, kPlain},
      {"o'brien@shop.test", kEnvelope, kPlain},
      {"#$%&*/=?^_`{|}~!-+'@shop.test", kEnvelope, kPlain},
      {"-@shop.test", kEnvelope, kPlain},
      {"--alice--@shop.test", kEnvelope, kPlain},
      {"0123456789@shop.test", kEnvelope, kPlain},
      {"alice@3com.test", kEnvelope, kPlain},
      {"alice@a-b.c--d.test", kEnvelope, kPlain},
      {"alice@1.2.3.test", kEnvelope, kPlain},
      {"alice@xn--bcher-kva.test", kEnvelope, kPlain},
      {"alice@XN--BCHER-KVA.test", kEnvelope, kPlain},
      {of(64, 'x') + "@shop.test", kEnvelope, kPlain},
      {"alice@" + of(63, 'y') + ".test", kEnvelope, kPlain},
      {"alice@localhost", kEnvelope, kTopLevelDomain},
      {"alice@museum", kEnvelope, kTopLevelDomain},
      {"alice@shop.42", kEnvelope, kNumericTopLevelDomain},
      {"alice@192.0.2.1", kEnvelope, kNumericTopLevelDomain},
      {"alice@42", kEnvelope, kNumericTopLevelDomain},
      {"\"alice\"@shop.test", kEnvelope, kQuotedString},
      {"\"\"@shop.test", kEnvelope, kQuotedString},
      {"\" \"@shop.test", kEnvelope, kQuotedString},
      {"\"alice@home\"@shop.test", kEnvelope, kQuotedString},
      {"\"a..b.\"@shop.test", kEnvelope, kQuotedString},
      {"\"(not a comment)\"@shop.test", kEnvelope, kQuotedString},
      {"\"say \\\"hi\\\"\"@shop.test", kEnvelope, kQuotedString},
      {"\"back\\\\slash\"@shop.test", kEnvelope, kQuotedString},
      {"\"\\a\\ \\~\"@shop.test", kEnvelope, kQuotedString},
      {"\"\xc3\xbc\"@shop.test", kEnvelope, kQuotedString},
      {"j\xc3\xbcrgen@shop.test", kEnvelope, kInternationalLocalPart},
      {"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.test", kEnvelope,
       kInternationalLocalPart},
      {"\xf0\x9f\x98\x80@shop.test", kEnvelope, kInternationalLocalPart},
      {"alice@b\xc3\xbc"
       "cher.test",
       kEnvelope, kInternationalDomain},
      {"alice@i\xe2\x9d\xa4.test", kEnvelope, kInternationalDomain},
      {"alice@[192.0.2.1]", kEnvelope, kAddressLiteral},
      {"alice@[010.001.000.255]", kEnvelope, kAddressLiteral},
      {"alice@[IPv6:2001:db8:1:2:3:4:5:6]", kEnvelope, kAddressLiteral},
      {"alice@[ipv6:2001:DB8::1]", kEnvelope, kAddressLiteral},
      {"\"al ice\"@[IPv6:::ffff:192.0.2.1]", kEnvelope, kAddressLiteral},
  });
}

TEST(EmailAddress, NamesTheFeatureThatOnlyAHeaderMayHave) {
  expect_all({
      {"alice@shop.test (Alice)", kHeaderOnly, kFoldingWhiteSpace},
      {"alice@shop.test(Alice)", kHeaderOnly, kComment},
      {"(Alice) alice@shop.test", kHeaderOnly, kComment},
      {"(a(b(c)d)e)alice@shop.test", kHeaderOnly, kComment},
      {"()alice@shop.test", kHeaderOnly, kComment},
      {"(\\))alice@shop.test", kHeaderOnly, kComment},
      {"(\xc3\xbc)alice@shop.test", kHeaderOnly, kComment},
      {"(a b\r\n c)alice@shop.test", kHeaderOnly, kComment},
      {" alice@shop.test", kHeaderOnly, kFoldingWhiteSpace},
      {"alice@shop.test\t", kHeaderOnly, kFoldingWhiteSpace},
      {"\r\n alice@shop.test", kHeaderOnly, kFoldingWhiteSpace},
      {"\"al\tice\"@shop.test", kHeaderOnly, kFoldingWhiteSpace},
      {"\"al\r\n ice\"@shop.test", kHeaderOnly, kFoldingWhiteSpace},
      {"alice @shop.test", kHeaderOnly, kCommentOrSpaceNearAt},
      {"alice@ shop.test", kHeaderOnly, kCommentOrSpaceNearAt},
      {"alice(x)@shop.test", kHeaderOnly, kCommentOrSpaceNearAt},
      {"alice@(x)shop.test", kHeaderOnly, kCommentOrSpaceNearAt},
      {"\"alice\" @shop.test", kHeaderOnly, kCommentOrSpaceNearAt},
      {"alice@ [192.0.2.1]", kHeaderOnly, kCommentOrSpaceNearAt},
      {"alice@[192.0.2.1] ", kHeaderOnly, kFoldingWhiteSpace},
      {"alice@shop.test \r\n \r\n ", kHeaderOnly, kObsoleteFolding},
      {"\r\n \r\n alice@shop.test", kHeaderOnly, kObsoleteFolding},
      {"first .last@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"first. last@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"first.(x)last@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"first(x).last@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"first.\"last\"@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"\"first\".\"last\"@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"\"first\".last@shop.test", kHeaderOnly, kObsoleteLocalPart},
      {"alice@shop .test", kHeaderOnly, kObsoleteDomain},
      {"alice@shop. test", kHeaderOnly, kObsoleteDomain},
      {"alice@shop(x).test", kHeaderOnly, kObsoleteDomain},
      {"\"\x01\"@shop.test", kHeaderOnly, kObsoleteQuotedText},
      {"\"\x7f\"@shop.test", kHeaderOnly, kObsoleteQuotedText},
      {"\"\\\x02\"@shop.test", kHeaderOnly, kObsoleteQuotedPair},
      {"\"\\\t\"@shop.test", kHeaderOnly, kObsoleteQuotedPair},
      {"\"\\\0\"@shop.test"s, kHeaderOnly, kObsoleteQuotedPair},
      {"\"\\\n\"@shop.test", kHeaderOnly, kObsoleteQuotedPair},
      {"(\x03)alice@shop.test", kHeaderOnly, kObsoleteCommentText},
      {"(\\\x03)alice@shop.test", kHeaderOnly, kObsoleteQuotedPair},
  });
}

TEST(EmailAddress, NamesTheLengthOrDomainThatNoEnvelopeHas) {
  expect_all({
      {of(65, 'x') + "@shop.test", kHeaderOnly, kLocalPartTooLong},
      {"\"" + of(63, 'x') + "\"@shop.test", kHeaderOnly, kLocalPartTooLong},
      // 33 characters, but 66 octets.
      {[] {
         std::string s;
         for (int i = 0; i < 33; ++i) s += "\xc3\xbc";
         return s;
       }() +
           "@shop.test",
       kHeaderOnly, kLocalPartTooLong},
      {"alice@" + of(64, 'y') + ".test", kHeaderOnly, kLabelTooLong},
      {"alice@shop." + of(64, 'y'), kHeaderOnly, kLabelTooLong},
      {"alice@" +
           [] {
             std::string s;
             for (int i = 0; i < 60; ++i) s += "\xc3\xbc";
             return s;
           }() +
           of(10, 'y') + ".test",
       kHeaderOnly, kLabelTooLong},
      {"a@" + of(63, 'y') + "." + of(63, 'y') + "." + of(63, 'y') + "." + of(63, 'y') + ".test",
       kHeaderOnly, kDomainTooLong},
      {of(64, 'x') + "@" + of(63, 'y') + "." + of(63, 'y') + "." + of(58, 'y') + ".test",
       kHeaderOnly, kAddressTooLong},
      {"alice@under_score.test", kHeaderOnly, kDomainCharacter},
      {"alice@_dmarc.shop.test", kHeaderOnly, kDomainCharacter},
      {"alice@shop.test/path", kHeaderOnly, kDomainCharacter},
      {"alice@shop!test", kHeaderOnly, kDomainCharacter},
      {"alice@[]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[shop.test]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[x-tag:content]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[2001:db8::1]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[192.0.2.1 ]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[\xc3\xbc]", kHeaderOnly, kDomainLiteralNotAddress},
      {"alice@[a\\]b]", kHeaderOnly, kDomainLiteralObsolete},
      {"alice@[\x04]", kHeaderOnly, kDomainLiteralObsolete},
      {"alice@[IPv6:1:2:3:4:5:6:7]", kHeaderOnly, kIpv6GroupCount},
      {"alice@[IPv6:1:2:3:4:5:6::7:8]", kHeaderOnly, kIpv6TooManyGroups},
      {"alice@[IPv6:1::2::3]", kHeaderOnly, kIpv6SecondDoubleColon},
      {"alice@[IPv6:1:::2]", kHeaderOnly, kIpv6SecondDoubleColon},
      {"alice@[IPv6::1:2:3:4:5:6:7]", kHeaderOnly, kIpv6LeadingColon},
      {"alice@[IPv6:1:2:3:4:5:6:7:]", kHeaderOnly, kIpv6TrailingColon},
      {"alice@[IPv6:1:2:3:4:5:6:7:g]", kHeaderOnly, kIpv6BadGroup},
      {"alice@[IPv6:12345::1]", kHeaderOnly, kIpv6BadGroup},
      {"alice@[IPv6:1:2:3:4:5:6:7::]", kHeaderOnly, kIpv6SingleGroupElided},
  });
}

TEST(EmailAddress, NamesTheRuleThatAnIllegalAddressBreaks) {
  expect_all({
      {"", kIllegal, kEmpty},
      {"alice", kIllegal, kNoDomain},
      {"alice@", kIllegal, kNoDomain},
      {"alice@ ", kIllegal, kNoDomain},
      {"\"alice\"", kIllegal, kNoDomain},
      {" ", kIllegal, kNoDomain},
      {"@shop.test", kIllegal, kNoLocalPart},
      {"(x)@shop.test", kIllegal, kNoLocalPart},
      {"@", kIllegal, kNoLocalPart},
      {"a@b@shop.test", kIllegal, kSecondAt},
      {"a@@shop.test", kIllegal, kSecondAt},
      {"a@shop.test@", kIllegal, kSecondAt},
      {".a@shop.test", kIllegal, kDotAtStart},
      {"a@.shop.test", kIllegal, kDotAtStart},
      {"a.@shop.test", kIllegal, kDotAtEnd},
      {"a@shop.test.", kIllegal, kDotAtEnd},
      {"a.", kIllegal, kDotAtEnd},
      {"a..b@shop.test", kIllegal, kConsecutiveDots},
      {"a@shop..test", kIllegal, kConsecutiveDots},
      {"a b@shop.test", kIllegal, kTextAfterComment},
      {"a(x)b@shop.test", kIllegal, kTextAfterComment},
      {"a@shop.test b", kIllegal, kTextAfterComment},
      {"a@shop(x)test", kIllegal, kTextAfterComment},
      {"Alice <alice@shop.test>", kIllegal, kLocalPartCharacter},
      {"<alice@shop.test>", kIllegal, kLocalPartCharacter},
      {"mailto:alice@shop.test", kIllegal, kLocalPartCharacter},
      {"a,b@shop.test", kIllegal, kLocalPartCharacter},
      {"a;b@shop.test", kIllegal, kLocalPartCharacter},
      {"a\\b@shop.test", kIllegal, kLocalPartCharacter},
      {"a[b]@shop.test", kIllegal, kLocalPartCharacter},
      {"a\"b\"@shop.test", kIllegal, kLocalPartCharacter},
      {"a)@shop.test", kIllegal, kLocalPartCharacter},
      {"a\0b@shop.test"s, kIllegal, kLocalPartCharacter},
      {"\na@shop.test", kIllegal, kLocalPartCharacter},
      {"a\x7f@shop.test", kIllegal, kLocalPartCharacter},
  });
}

TEST(EmailAddress, NamesTheRuleThatAnIllegalDomainOrAnUnclosedPartBreaks) {
  expect_all({
      {"a@shop.test,b@shop.test", kIllegal, kDomainForbidden},
      {"a@shop.test>", kIllegal, kDomainForbidden},
      {"a@shop.test\n", kIllegal, kDomainForbidden},
      {"a@shop\0.test"s, kIllegal, kDomainForbidden},
      {"a@shop:25", kIllegal, kDomainForbidden},
      {"a@shop[192.0.2.1]", kIllegal, kDomainForbidden},
      {"a@shop.test\"", kIllegal, kDomainForbidden},
      {"\"a\"b@shop.test", kIllegal, kTextAfterQuotedString},
      {"\"a\"\"b\"@shop.test", kIllegal, kTextAfterQuotedString},
      {"a@[192.0.2.1]x", kIllegal, kTextAfterDomainLiteral},
      {"a@[192.0.2.1].test", kIllegal, kTextAfterDomainLiteral},
      {"\"a\0b\"@shop.test"s, kIllegal, kQuotedCharacter},
      {"\"a\nb\"@shop.test", kIllegal, kQuotedCharacter},
      {"\"\\\xc3\xbc\"@shop.test", kIllegal, kQuotedPair},
      {"(\0)a@shop.test"s, kIllegal, kCommentCharacter},
      {"a@[192.0.[2.1]", kIllegal, kLiteralCharacter},
      {"a@[\0]"s, kIllegal, kLiteralCharacter},
      {"\"a@shop.test", kIllegal, kUnclosedQuotedString},
      {"\"a\\\"@shop.test", kIllegal, kUnclosedQuotedString},
      {"\"", kIllegal, kUnclosedQuotedString},
      {"(a@shop.test", kIllegal, kUnclosedComment},
      {"((x)a@shop.test", kIllegal, kUnclosedComment},
      {"a@shop.test(", kIllegal, kUnclosedComment},
      {"a@[192.0.2.1", kIllegal, kUnclosedDomainLiteral},
      {"a@[", kIllegal, kUnclosedDomainLiteral},
      {"\"a\\", kIllegal, kBackslashAtEnd},
      {"(x\\", kIllegal, kBackslashAtEnd},
      {"a@[x\\", kIllegal, kBackslashAtEnd},
      {"a\r@shop.test", kIllegal, kCarriageReturnAlone},
      {"a@shop.test\r", kIllegal, kCarriageReturnAlone},
      {"\"\ra\"@shop.test", kIllegal, kCarriageReturnAlone},
      {"a@shop.test\r\n", kIllegal, kLineBreakAtEnd},
      {"\r\na@shop.test", kIllegal, kLineBreakAtEnd},
      {"a@shop.test \r\n\r\n ", kIllegal, kLineBreakTwice},
      {"a@-shop.test", kIllegal, kHyphenAtLabelStart},
      {"a@www.-shop.test", kIllegal, kHyphenAtLabelStart},
      {"a@shop-.test", kIllegal, kHyphenAtLabelEnd},
      {"a@shop.test-", kIllegal, kHyphenAtLabelEnd},
      {"a@-", kIllegal, kHyphenAtLabelEnd},
      {"a\xff@shop.test", kIllegal, kInvalidUtf8},
      {"a@sh\xc3op.test", kIllegal, kInvalidUtf8},
      {"\xc0\xaf@shop.test", kIllegal, kInvalidUtf8},
      {"a\xed\xa0\x80@shop.test", kIllegal, kInvalidUtf8},
      {"a\xc2\x85@shop.test", kIllegal, kForbiddenUnicode},
      {"a\xe2\x80\xa8@shop.test", kIllegal, kForbiddenUnicode},
      {"a\xef\xbf\xbf@shop.test", kIllegal, kForbiddenUnicode},
      {"a@\xe2\x80\x8d.test", kIllegal, kInvalidIdn},
      {"a@xn--\xc3\xbc.test", kIllegal, kInvalidIdn},
      {"a@b\xc3\xbc\xe3\x80\x82", kIllegal, kInvalidIdn},
      {"a@xn--99999999.test", kIllegal, kInvalidIdn},
  });
}

TEST(EmailAddress, SaysWhereTheRuleIsBroken) {
  EXPECT_EQ(classify("a..b@shop.test").position, 2u);
  EXPECT_EQ(classify("a@b@shop.test").position, 3u);
  EXPECT_EQ(classify("alice@shop-.test").position, 10u);
  EXPECT_EQ(classify("alice@ab.-c.test").position, 9u);
  EXPECT_EQ(classify("alice@shop.test(x)").position, 15u);
  EXPECT_EQ(parse("alice@under_score.test").error().position, 11u);
}

TEST(EmailAddress, ExplainsEveryRuleWithAnRfcSectionAndAUniqueToken) {
  std::vector<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(kInvalidIdn); ++i) {
    const auto rule = static_cast<SyntaxRule>(i);
    EXPECT_TRUE(explain(rule).starts_with("RFC ")) << to_string(rule);
    EXPECT_NE(explain(rule).find(" section "), std::string_view::npos) << to_string(rule);
    for (const auto token : seen) EXPECT_NE(token, to_string(rule));
    seen.push_back(to_string(rule));
  }
}

struct NormalCase {
  std::string text;
  std::string normalized;
};

TEST(EmailAddress, GivesSpellingsOfOneMailboxOneNormalForm) {
  const std::vector<NormalCase> cases = {
      {"Alice@Shop.TEST", "Alice@shop.test"},
      {"\"alice\"@shop.test", "alice@shop.test"},
      {"\"first.last\"@shop.test", "first.last@shop.test"},
      {"\"a\\l\\i\\ce\"@shop.test", "alice@shop.test"},
      {"\"al ice\"@shop.test", "\"al ice\"@shop.test"},
      {"\"al\\ ice\"@shop.test", "\"al ice\"@shop.test"},
      {"\"a\\\"b\\\\c\"@shop.test", "\"a\\\"b\\\\c\"@shop.test"},
      {"\"a..b\"@shop.test", "\"a..b\"@shop.test"},
      {"\"a.\"@shop.test", "\"a.\"@shop.test"},
      {"\"\"@shop.test", "\"\"@shop.test"},
      {"alice@B\xc3\xbc"
       "cher.test",
       "alice@xn--bcher-kva.test"},
      {"alice@XN--Bcher-KVA.test", "alice@xn--bcher-kva.test"},
      {"alice@bu\xcc\x88"
       "cher.test",
       "alice@xn--bcher-kva.test"},
      {"alice@fa\xc3\x9f.test", "alice@xn--fa-hia.test"},
      {"ju\xcc\x88rgen@shop.test", "j\xc3\xbcrgen@shop.test"},
      {"alice@[IPv6:2001:DB8::1]", "alice@[ipv6:2001:db8::1]"},
      {"alice@\xef\xbd\x93hop.test", "alice@shop.test"},
      {"alice@shop\xe3\x80\x82test", "alice@shop.test"},
  };
  for (const auto& [text, normalized] : cases) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->normalized, normalized);
    // A normal form is its own normal form.
    const auto again = parse(normalized);
    ASSERT_TRUE(again) << normalized;
    EXPECT_EQ(again->normalized, normalized);
  }
}

TEST(EmailAddress, KeepsBothHalvesAsWritten) {
  const auto parsed = parse(
                          "\"al\\ ice\"@B\xc3\xbc"
                          "cher.Test")
                          .value();
  EXPECT_EQ(parsed.local_part, "\"al\\ ice\"");
  EXPECT_EQ(parsed.local_unquoted, "al ice");
  EXPECT_EQ(parsed.domain,
            "B\xc3\xbc"
            "cher.Test");
  EXPECT_EQ(parsed.domain_ascii, "xn--bcher-kva.test");
  EXPECT_TRUE(parsed.quoted);
  EXPECT_FALSE(parsed.eai);
  EXPECT_TRUE(parse("\xc3\xbc@shop.test")->eai);
}

TEST(EmailAddress, TakesTraitsFromTheFormThatGoesOverTheWire) {
  // A Greek question mark is a semicolon in form C, a Kelvin sign is a K.
  const auto semicolon = parse(
                             "a\xcd\xbe"
                             "b@shop.test")
                             .value();
  EXPECT_EQ(semicolon.normalized, "\"a;b\"@shop.test");
  EXPECT_TRUE(semicolon.quoted);
  EXPECT_FALSE(semicolon.eai);
  EXPECT_EQ(semicolon.form, SyntaxRule::kQuotedString);
  EXPECT_TRUE(judge(semicolon, {.allow_quoted = false}));
  const auto kelvin = parse("\xe2\x84\xaa@shop.test").value();
  EXPECT_EQ(kelvin.normalized, "K@shop.test");
  EXPECT_FALSE(kelvin.eai);
  EXPECT_FALSE(kelvin.quoted);
}

TEST(EmailAddress, FindsNoTagBehindWhatIsNoLocalPart) {
  const std::string local = std::string(62, 'a') + ".+";
  for (const std::string& text : {local + "@shop.test", std::string("a.+tag@shop.test")}) {
    const auto parsed = parse(text).value();
    EXPECT_FALSE(parsed.tagged) << text;
    EXPECT_EQ(parsed.untagged, text);
  }
  EXPECT_EQ(parse("\"a .+tag\"@shop.test")->untagged, "\"a .\"@shop.test");
}

TEST(EmailAddress, SplitsTheTagAtTheFirstPlusSign) {
  const auto tagged = parse("alice+news+eu@Shop.test").value();
  EXPECT_TRUE(tagged.tagged);
  EXPECT_EQ(tagged.tag, "news+eu");
  EXPECT_EQ(tagged.untagged, "alice@shop.test");
  const auto quoted = parse("\"al ice+x\"@shop.test").value();
  EXPECT_EQ(quoted.untagged, "\"al ice\"@shop.test");
  const auto plain = parse("alice@shop.test").value();
  EXPECT_FALSE(plain.tagged);
  EXPECT_EQ(plain.untagged, plain.normalized);
  EXPECT_FALSE(parse("+alice@shop.test")->tagged);
  EXPECT_TRUE(parse("alice+@shop.test")->tagged);
}

TEST(EmailAddress, LetsThePolicyRefuseWhatSyntaxAllows) {
  EXPECT_EQ(parse("a@[192.0.2.1]", SyntaxPolicy{}).error().rule, kDomainLiteralRefused);
  EXPECT_TRUE(parse("a@[192.0.2.1]", SyntaxPolicy{.allow_domain_literal = true}));
  EXPECT_TRUE(parse("\"a b\"@shop.test", SyntaxPolicy{}));
  EXPECT_EQ(parse("\"a b\"@shop.test", SyntaxPolicy{.allow_quoted = false}).error().rule,
            kQuotedStringRefused);
  EXPECT_EQ(parse("a..b@shop.test", SyntaxPolicy{}).error().rule, kConsecutiveDots);
}

TEST(EmailAddress, IsJudgedByAStrictPolicyOrThatOfAWebForm) {
  struct Row {
    std::string text;
    std::string_view web_form;  // the rule by which a form refuses it; empty: it is taken
  };
  const std::vector<Row> rows = {
      {"alice@shop.com", ""},
      {"alice+news@shop.co.uk", ""},
      {"o'brien@shop.com", ""},
      {"j\xc3\xbcrgen@shop.com", ""},
      {"alice@b\xc3\xbc"
       "cher.de",
       ""},
      {"\"alice\"@shop.com", "quoted_string_refused"},
      {"\"al ice\"@shop.com", "quoted_string_refused"},
      {"alice@[192.0.2.1]", "domain_literal_refused"},
      {"alice@[IPv6:2001:db8::1]", "domain_literal_refused"},
      {"alice@museum", "single_label_refused"},
      {"alice@localhost", "special_use_refused"},
      {"alice@192.0.2.1", "numeric_top_level_domain_refused"},
      {"alice@42", "numeric_top_level_domain_refused"},
      {"alice@shop.test", "special_use_refused"},
      {"accepted_email@sandbox.test", ""},
  };
  for (const auto& [text, rule] : rows) {
    EXPECT_TRUE(parse(text, SyntaxPolicy::strict())) << text;
    const auto parsed = parse(text, SyntaxPolicy::web_form());
    EXPECT_EQ(parsed ? "" : to_string(parsed.error().rule), rule) << text;
    if (!parsed) {
      EXPECT_LT(parsed.error().position, text.size()) << text;
    }
  }
  for (const auto* text : {"alice@shop.com ", "a..b@shop.com", "(c)alice@shop.com", "@shop.com"}) {
    EXPECT_FALSE(parse(text, SyntaxPolicy::strict())) << text;
    EXPECT_FALSE(parse(text, SyntaxPolicy::web_form())) << text;
  }
}

TEST(EmailAddress, CountsOctetsOfTheFormThatGoesOverTheWire) {
  // 253 octets as written; the domain grows by its A-labels.
  std::string domain;
  for (int label = 0; label < 4; ++label) {
    for (int i = 0; i < 25; ++i) domain += "\xc3\xbc";
    domain += '.';
  }
  domain += "test";
  const auto address = of(40, 'x') + "@" + domain;
  const auto parsed = parse(address);
  ASSERT_TRUE(parsed);
  EXPECT_LE(parsed->normalized.size(), 254u);
}

// Deterministic garbage: every text over a small alphabet of troublesome bytes, up to five long.
TEST(EmailAddress, SurvivesEveryShortTextOfTroublesomeBytes) {
  const std::string alphabet = "a@.\"\\([])\r\n \0-\xc3\xbc"s;
  std::vector<std::string> texts = {""};
  std::size_t envelope = 0;
  for (int length = 1; length <= 4; ++length) {
    std::vector<std::string> longer;
    longer.reserve(texts.size() * alphabet.size());
    for (const auto& text : texts) {
      for (const char c : alphabet) longer.push_back(text + c);
    }
    for (const auto& text : longer) {
      const auto parsed = parse(text);
      if (!parsed) {
        ASSERT_NE(level_of(parsed.error().rule), kEnvelope);
        ASSERT_LE(parsed.error().position, text.size());
        continue;
      }
      ++envelope;
      ASSERT_EQ(parse(parsed->normalized)->normalized, parsed->normalized) << text;
    }
    texts = std::move(longer);
  }
  EXPECT_GT(envelope, 5u);
}

TEST(EmailAddress, TakesLinearTimeOnDeepNestingAndLongRuns) {
  const std::size_t octets = 200'000;
  EXPECT_EQ(classify(of(octets, '(')).rule, kUnclosedComment);
  EXPECT_EQ(classify(of(octets, '(') + of(octets, ')') + "a@b.test").rule, kComment);
  EXPECT_EQ(classify(of(octets, ' ') + "a@b.test").rule, kFoldingWhiteSpace);
  EXPECT_EQ(classify(of(octets, 'a') + "@b.test").rule, kLocalPartTooLong);
  std::string labels = "a@";
  for (std::size_t i = 0; i < octets; ++i) labels += "b.";
  EXPECT_EQ(classify(labels + "test").rule, kDomainTooLong);
}

}  // namespace
}  // namespace verihook::address
