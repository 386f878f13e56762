#include "verification/egress.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using ::testing::HasSubstr;

EgressSource source(std::string_view text) {
  const auto parsed = EgressSource::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(EgressSource{});
}

std::string mistake_in(std::string_view text) {
  const auto parsed = EgressSource::parse(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().message;
}

std::vector<EgressSource> sources(std::initializer_list<std::string_view> texts) {
  std::vector<EgressSource> made;
  for (const auto text : texts) made.push_back(source(text));
  return made;
}

// The first of the group's order that serves the family and is not excluded by its name.
std::optional<std::size_t> choose_source(std::span<const EgressSource> among,
                                         std::string_view group, Family family,
                                         std::span<const std::string> excluded) {
  for (const std::size_t i : ranked_sources(among, group)) {
    if (!among[i].serves(family)) continue;
    if (std::ranges::find(excluded, among[i].name) == excluded.end()) return i;
  }
  return std::nullopt;
}

std::string chosen(std::span<const EgressSource> among, std::string_view group,
                   Family family = Family::kIpv4, std::span<const std::string> excluded = {}) {
  const auto index = choose_source(among, group, family, excluded);
  return index ? among[*index].name : "none";
}

TEST(EgressSource, IsAnAddressWithItsNames) {
  const auto made = source(" 203.0.113.5  helo=mx1.example.com mail_from=verify@example.com ");
  EXPECT_EQ(made.name, "203.0.113.5");
  EXPECT_EQ(made.address->to_string(), "203.0.113.5");
  EXPECT_EQ(made.helo, "mx1.example.com");
  EXPECT_EQ(made.mail_from, "verify@example.com");
  EXPECT_EQ(made.connect_options().source, made.address);
  EXPECT_FALSE(made.connect_options().proxy);
}

TEST(EgressSource, IsAProxyWithItsPassword) {
  const auto made =
      source("socks5://me:p%40ss%2C%25@10.0.0.1:1080 helo=mx2.example.com via=10.0.0.7");
  EXPECT_EQ(made.name, "socks5://10.0.0.1:1080");
  EXPECT_EQ(made.proxy->user, "me");
  EXPECT_EQ(made.proxy->password, "p@ss,%");
  EXPECT_EQ(made.address->to_string(), "10.0.0.7");
  EXPECT_EQ(source("socks5://[2001:db8::1]:1080").proxy->endpoint.to_string(),
            "[2001:db8::1]:1080");
  EXPECT_EQ(source("socks5://only-a-user@10.0.0.1:1080").proxy->password, "");
}

TEST(EgressSource, IsWritableWithoutThePassword) {
  for (const auto* text :
       {"203.0.113.5 helo=mx1.example.com mail_from=a@example.com name=one", "2001:db8::5",
        "default public=198.51.100.7", "socks5://10.0.0.1:1080 via=10.0.0.7 public=198.51.100.7"}) {
    EXPECT_EQ(source(text).to_string(), text);
  }
  EXPECT_EQ(source("socks5://a%3Ab:secret@10.0.0.1:1080").to_string(),
            "socks5://a%3Ab@10.0.0.1:1080");
}

TEST(EgressSource, SaysWhichWordIsWrong) {
  EXPECT_THAT(mistake_in(""), HasSubstr("empty"));
  EXPECT_THAT(mistake_in("mx1.example.com"), HasSubstr("begin with an IP address"));
  EXPECT_THAT(mistake_in("http://10.0.0.1:1080"), HasSubstr("socks5://"));
  EXPECT_THAT(mistake_in("socks5://proxy.example:1080"), HasSubstr("is written as"));
  EXPECT_THAT(mistake_in("socks5://10.0.0.1"), HasSubstr("is written as"));
  EXPECT_THAT(mistake_in("socks5://:x@10.0.0.1:1080"), HasSubstr("user"));
  EXPECT_THAT(mistake_in("socks5://a:%4@10.0.0.1:1080"), HasSubstr("%25"));
  EXPECT_THAT(mistake_in("socks5://a:%zz@10.0.0.1:1080"), HasSubstr("%25"));
  EXPECT_THAT(mistake_in("socks5://" + std::string(256, 'u') + "@10.0.0.1:1080"), HasSubstr("255"));
  EXPECT_THAT(mistake_in("203.0.113.5 ehlo=x"), HasSubstr("no ehlo="));
  EXPECT_THAT(mistake_in("203.0.113.5 helo"), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(mistake_in("203.0.113.5 helo="), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(mistake_in("203.0.113.5 mail_from=nobody"), HasSubstr("an address"));
  EXPECT_THAT(mistake_in("203.0.113.5 mail_from=<a@b>"), HasSubstr("an address"));
  EXPECT_THAT(mistake_in("203.0.113.5 via=10.0.0.1"), HasSubstr("only for proxies"));
  EXPECT_THAT(mistake_in("203.0.113.5 public=2001:db8::1"), HasSubstr("same family"));
  EXPECT_THAT(mistake_in("socks5://10.0.0.1:1080 via=2001:db8::1"), HasSubstr("same family"));
}

TEST(EgressSource, ServesTargetsOfItsFamily) {
  EXPECT_TRUE(source("203.0.113.5").serves(Family::kIpv4));
  EXPECT_FALSE(source("203.0.113.5").serves(Family::kIpv6));
  EXPECT_TRUE(source("2001:db8::5").serves(Family::kIpv6));
  for (const auto family : {Family::kIpv4, Family::kIpv6}) {
    EXPECT_TRUE(source("default").serves(family));
    EXPECT_TRUE(source("socks5://10.0.0.1:1080 via=10.0.0.7").serves(family));
  }
  EXPECT_FALSE(source("socks5://10.0.0.1:1080 public=198.51.100.7").serves(Family::kIpv6));
  EXPECT_FALSE(source("default public=198.51.100.7").serves(Family::kIpv6));
}

TEST(ChooseSource, GivesAGroupTheSameSourceWhateverTheOrder) {
  const auto there = sources({"203.0.113.1", "203.0.113.2", "203.0.113.3"});
  const auto back = sources({"203.0.113.3", "203.0.113.2", "203.0.113.1"});
  for (int i = 0; i < 100; ++i) {
    const std::string group = "mx" + std::to_string(i) + ".example";
    EXPECT_EQ(chosen(there, group), chosen(back, group));
  }
}

TEST(ChooseSource, SpreadsGroupsOverTheSources) {
  const auto among = sources({"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"});
  std::map<std::string, int> counts;
  for (int i = 0; i < 4'000; ++i) ++counts[chosen(among, "mx" + std::to_string(i) + ".example")];
  for (const auto& [name, count] : counts) {
    EXPECT_GT(count, 800) << name;
    EXPECT_LT(count, 1'200) << name;
  }
}

TEST(ChooseSource, MovesOnlyTheGroupsOfAnExcludedSource) {
  const auto among = sources({"203.0.113.1", "203.0.113.2", "203.0.113.3"});
  const std::vector<std::string> excluded = {"203.0.113.2"};
  for (int i = 0; i < 200; ++i) {
    const std::string group = "mx" + std::to_string(i) + ".example";
    const std::string before = chosen(among, group);
    const std::string after = chosen(among, group, Family::kIpv4, excluded);
    EXPECT_NE(after, "203.0.113.2");
    if (before != "203.0.113.2") EXPECT_EQ(after, before);
  }
}

TEST(ChooseSource, TakesTheFirstOfTheRankedOnes) {
  const auto among = sources({"203.0.113.1", "203.0.113.2", "203.0.113.3"});
  const auto ranked = ranked_sources(among, "google");
  ASSERT_EQ(ranked.size(), 3u);
  std::vector<std::string> excluded;
  for (const std::size_t index : ranked) {
    EXPECT_EQ(choose_source(among, "google", Family::kIpv4, excluded), index);
    excluded.push_back(among[index].name);
  }
}

TEST(ChooseSource, TakesNoSourceOfTheOtherFamily) {
  const auto among = sources({"203.0.113.1", "2001:db8::1"});
  EXPECT_EQ(chosen(among, "g", Family::kIpv4), "203.0.113.1");
  EXPECT_EQ(chosen(among, "g", Family::kIpv6), "2001:db8::1");
  const std::vector<std::string> excluded = {"2001:db8::1"};
  EXPECT_EQ(chosen(among, "g", Family::kIpv6, excluded), "none");
  EXPECT_EQ(chosen({}, "g"), "none");
}

TEST(ChooseSource, KeepsItsChoicesFromOneVersionToTheNext) {
  // Greylisting servers remember us by the source: a change of these is a change for every group.
  const auto among = sources({"203.0.113.1", "203.0.113.2", "203.0.113.3"});
  std::string seen;
  for (const auto* group : {"google", "microsoft", "yahoo", "mx.example.org", "a"}) {
    seen += chosen(among, group).back();
  }
  EXPECT_EQ(seen, "31232");
}

TEST(CompleteSources, FillsInTheProgramsNames) {
  const auto made = complete_sources(sources({"203.0.113.5 helo=mx1.example.com", "203.0.113.6"}),
                                     "host.example.com", "");
  EXPECT_EQ(made[0].mail_from, "verify@mx1.example.com");
  EXPECT_EQ(made[1].helo, "host.example.com");
  EXPECT_EQ(made[1].mail_from, "verify@host.example.com");
}

TEST(CompleteSources, IsTheSystemsChoiceWithoutAny) {
  const auto made = complete_sources({}, "host.example.com", "me@example.com");
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].name, "default");
  EXPECT_EQ(made[0].helo, "host.example.com");
  EXPECT_EQ(made[0].mail_from, "me@example.com");
  EXPECT_EQ(made[0].connect_options().source, std::nullopt);
}

}  // namespace
}  // namespace verihook::verification
