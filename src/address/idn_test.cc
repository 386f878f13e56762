#include "address/idn.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

struct DomainCase {
  std::string domain;
  std::string ascii;  // empty: no A-label form
};

TEST(Idn, TurnsDomainsIntoALabelsByNonTransitionalUts46) {
  const std::vector<DomainCase> cases = {
      {"Shop.TEST", "shop.test"},
      {"b\xc3\xbc"
       "cher.test",
       "xn--bcher-kva.test"},
      {"B\xc3\x9c"
       "CHER.test",
       "xn--bcher-kva.test"},
      {"stra\xc3\x9f"
       "e.test",
       "xn--strae-oqa.test"},                      // eszett is kept
      {"\xcf\x83\xcf\x82.test", "xn--3xab.test"},  // so is final sigma
      {"\xe4\xbe\x8b\xe5\xad\x90.test", "xn--fsqu00a.test"},
      {"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.test", "xn--e1afmkfd.test"},
      {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.test", "xn--9dbne9b.test"},
      {"i\xe2\x9d\xa4.test", "xn--i-7iq.test"},  // symbols are registered, and get mail
      {"xn--i-7iq.test", "xn--i-7iq.test"},
      {"\xef\xbd\x81.test", "a.test"},  // full width
      {"a\xc2\xad"
       "b\xc3\xbc.test",
       "xn--ab-yka.test"},         // a soft hyphen disappears
      {"a_b\xc3\xbc.test", ""},    // STD3: no underscore
      {"\xcc\x88.test", ""},       // begins with a combining mark
      {"0\xc3\xa0.\xd7\x90", ""},  // directions mixed over labels
      {"a\xe2\x80\x8d"
       "b.test",
       ""},  // joiner without a reason
      {"-b\xc3\xbc.test", ""},
      {"b\xc3\xbc..test", ""},
      {"xn--a.test", ""},
      {"xn--B\xc3\xbc.test", ""},
  };
  for (const auto& [domain, ascii] : cases) {
    const auto converted = to_ascii_domain(domain);
    EXPECT_EQ(converted.value_or(""), ascii) << domain;
    if (!converted) {
      EXPECT_EQ(converted.error(), SyntaxRule::kInvalidIdn) << domain;
    }
  }
}

TEST(Idn, TellsALabelThatIsTooLongFromAnImpossibleOne) {
  std::string label;
  for (int i = 0; i < 60; ++i)
    label +=
        "\xc3\xbc"
        "y";
  EXPECT_EQ(to_ascii_domain(label + ".test").error(), SyntaxRule::kLabelTooLong);
  EXPECT_EQ(to_ascii_domain(std::string(64, 'y') + ".test").error(), SyntaxRule::kLabelTooLong);
  EXPECT_EQ(to_ascii_domain("xn--" + std::string(64, 'y')).error(), SyntaxRule::kInvalidIdn);
  std::string name = "test";
  while (name.size() <= 253) name = "label." + name;
  EXPECT_EQ(to_ascii_domain(name).error(), SyntaxRule::kDomainTooLong);
  EXPECT_EQ(to_ascii_domain("").error(), SyntaxRule::kInvalidIdn);
  EXPECT_EQ(to_ascii_domain("shop.test.").error(), SyntaxRule::kInvalidIdn);
  EXPECT_EQ(to_ascii_domain(std::string(5000, 'b') + "\xc3\xbc").error(), SyntaxRule::kInvalidIdn);
}

TEST(Idn, ShowsALabelsToPeopleAndLeavesTheRestAlone) {
  EXPECT_EQ(to_unicode_domain("xn--bcher-kva.test"),
            "b\xc3\xbc"
            "cher.test");
  EXPECT_EQ(to_unicode_domain("shop.test"), "shop.test");
  EXPECT_EQ(to_unicode_domain("xn--99999999.test"), "xn--99999999.test");
}

TEST(Idn, NormalizesToFormC) {
  EXPECT_EQ(to_nfc("plain"), "plain");
  EXPECT_EQ(to_nfc("u\xcc\x88"), "\xc3\xbc");
  EXPECT_EQ(to_nfc("\xe2\x84\xab"), "\xc3\x85");  // the angstrom sign is a capital A with a ring
}

TEST(Idn, FindsCharactersThatTextOnTheNetworkMayNotHave) {
  EXPECT_FALSE(has_forbidden_character("plain"));
  EXPECT_FALSE(has_forbidden_character("\xc3\xbc \xc2\xa0 \xf0\x9f\x98\x80"));
  EXPECT_TRUE(has_forbidden_character("a\xc2\x80"));
  EXPECT_TRUE(has_forbidden_character("a\xe2\x80\xa9"));
  EXPECT_TRUE(has_forbidden_character("a\xef\xb7\x90"));
  EXPECT_TRUE(has_forbidden_character("a\xf0\x9f\xbf\xbe"));
}

}  // namespace
}  // namespace verihook::address
