#include "address/suggestion.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace verihook::address {
namespace {

std::shared_ptr<const Lists> lists() {
  constexpr std::string_view kText =
      "verihook-lists 1\n"
      "list free own 4\nmail.com\nhotmail.co\nyaho.com\nhitmail.com\n"
      "list disposable own 3\ngmial.co\ngmial.com\ngotmail.com\n"
      "list alias_relay own 1\nmozmail.com\n"
      "list popular own 14\n"
      "gmail.com\nyahoo.com\nhotmail.com\noutlook.com\nicloud.com\naol.com\nlive.com\ngmx.de\n"
      "web.de\nprotonmail.com\ngooglemail.com\nyahoo.co.uk\nyandex.ru\ncomcast.net\n";
  return Lists::load(std::string(kText)).value();
}

struct Case {
  std::string domain;
  std::string meant;  // empty: silence
};

TEST(Suggestion, FindsTheDomainThatFingersMissed) {
  const auto all = lists();
  const std::vector<Case> cases = {
      {"gmial.com", "gmail.com"},     {"hotmail.co", "hotmail.com"},
      {"otmail.com", "hotmail.com"},  {"gamil.com", "gmail.com"},
      {"gmal.com", "gmail.com"},      {"gmai.com", "gmail.com"},
      {"gnail.com", "gmail.com"},     {"gmaill.com", "gmail.com"},
      {"ggmail.com", "gmail.com"},    {"gmail.con", "gmail.com"},
      {"gmail.cm", "gmail.com"},      {"gmail.co", "gmail.com"},
      {"gmail.om", "gmail.com"},      {"gmail.comm", "gmail.com"},
      {"gmail.ocm", "gmail.com"},     {"gmail.vom", "gmail.com"},
      {"gmial.con", "gmail.com"},     {"gmailcom", "gmail.com"},
      {"hotmial.com", "hotmail.com"}, {"hotnail.com", "hotmail.com"},
      {"hotmai.com", "hotmail.com"},  {"homail.com", "hotmail.com"},
      {"yaho.com", "yahoo.com"},      {"yahooo.com", "yahoo.com"},
      {"yhaoo.com", "yahoo.com"},     {"yahoo.co.ukk", "yahoo.co.uk"},
      {"outlok.com", "outlook.com"},  {"outllok.com", "outlook.com"},
      {"iclod.com", "icloud.com"},    {"protonmial.com", "protonmail.com"},
      {"aol.con", "aol.com"},         {"googlemial.com", "googlemail.com"},
      {"comcast.ney", "comcast.net"},
  };
  for (const auto& [domain, meant] : cases) {
    EXPECT_EQ(suggest_domain(domain, *all).value_or("nothing"), meant) << domain;
  }
}

TEST(Suggestion, IsSilentWhenUnsure) {
  const auto all = lists();
  for (const auto* domain : {"gmail.com",
                             "mail.com",
                             "hitmail.com",
                             "gotmail.com",
                             "cloud.com",
                             "ahoo.com",
                             ".com",
                             "gmial.co",
                             "mozmail.com",
                             "yahoo.co.uk",
                             "example.com",
                             "gmail.test",
                             "sandbox.test",
                             "gmail.de",
                             "gmail.org",
                             "aoll.com",
                             "al.com",
                             "gmx.net",
                             "web.se",
                             "shop.com",
                             "kumail.com",
                             "email.com",
                             "gm.com",
                             "com",
                             "",
                             "g",
                             "mail.gmail.com",
                             "gmail.com.br",
                             "hotwheels.com",
                             "a-very-long-company-name.com",
                             "yahoo.de",
                             "love.com",
                             "lave.com"}) {
    EXPECT_FALSE(suggest_domain(domain, *all)) << domain << " -> " << *suggest_domain(domain, *all);
  }
}

TEST(Suggestion, IsSilentWhenTwoCandidatesTie) {
  const auto lists_of_two =
      Lists::load("verihook-lists 1\nlist popular own 2\nbigmaill1.com\nbigmaill2.com\n").value();
  EXPECT_FALSE(suggest_domain("bigmaill.com", *lists_of_two));
}

TEST(Suggestion, GivesTheWholeAddressInItsNormalForm) {
  const auto all = lists();
  EXPECT_EQ(suggest(parse("Alice+x@GMIAL.com").value(), *all), "Alice+x@gmail.com");
  EXPECT_EQ(suggest(parse("\"al ice\"@yaho.com").value(), *all), "\"al ice\"@yahoo.com");
  EXPECT_FALSE(suggest(parse("alice@gmail.com").value(), *all));
  EXPECT_FALSE(suggest(parse("alice@[192.0.2.1]").value(), *all));
}

TEST(Suggestion, MendsADomainWithSignsThatNoneHas) {
  const auto all = lists();
  for (const auto* text :
       {"Alice+x@gmail,com", "Alice+x@gmail;com", "Alice+x@gmail..com", "Alice+x@gmail.com.",
        "Alice+x@.gmail.com", "Alice+x@ gmail . com", "Alice+x@Gmail.com,", "Alice+x@gmail, com"}) {
    ASSERT_FALSE(parse(text)) << text;
    EXPECT_EQ(suggest_repair(text, *all), "Alice+x@gmail.com") << text;
  }
  for (const auto* text :
       {"alice@gmail.com", "alice@shop,com", "alice@gmial,com", "@gmail,com", "a b@gmail,com",
        "alice", "", "@", "alice@", "alice@,", "alice@....", "bob@x.test,alice@gmail,com"}) {
    EXPECT_FALSE(suggest_repair(text, *all)) << text;
  }
  EXPECT_FALSE(suggest_repair(std::string(1'000'000, '@'), *all));
}

TEST(Suggestion, AsksMoreOfASlipTheFewerPeopleHaveTheDomain) {
  std::string text = "verihook-lists 1\nlist popular own 31\n";
  for (std::size_t i = 0; i < kWidelyUsed; ++i) text += "large" + std::to_string(i) + "mail.com\n";
  text += "charter.net\nfastmail.com\n";
  const auto some = Lists::load(std::move(text)).value();
  EXPECT_EQ(suggest_domain("chatrer.net", *some), "charter.net");
  EXPECT_EQ(suggest_domain("charter.ner", *some), "charter.net");
  EXPECT_FALSE(suggest_domain("carter.net", *some));
  EXPECT_FALSE(suggest_domain("chapter.net", *some));
  EXPECT_FALSE(suggest_domain("fatmail.com", *some));
  EXPECT_EQ(suggest_domain("large1mal.com", *some), "large1mail.com");
}

TEST(Suggestion, WeighsSlipsByHowEasilyFingersMakeThem) {
  EXPECT_EQ(typing_cost("gmail", "gmail", 50), 0);
  const int doubled = typing_cost("gmaill", "gmail", 50);
  const int swapped = typing_cost("gmial", "gmail", 50);
  const int neighbour = typing_cost("gnail", "gmail", 50);
  const int missing = typing_cost("gail", "gmail", 50);
  const int other = typing_cost("gpail", "gmail", 50);
  EXPECT_LT(doubled, swapped);
  EXPECT_LT(swapped, neighbour);
  EXPECT_LT(neighbour, missing);
  EXPECT_LT(missing, other);
  EXPECT_EQ(typing_cost("completely", "different", 14), 15);
  EXPECT_EQ(typing_cost(std::string(1000, 'a'), std::string(1000, 'b'), 14), 15);
}

}  // namespace
}  // namespace verihook::address
