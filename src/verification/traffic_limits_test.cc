#include "verification/traffic_limits.h"

#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using namespace std::chrono_literals;

TEST(TrafficGroup, IsTheProviderOrTheDomainOfItsHosts) {
  EXPECT_EQ(traffic_group_of({{1, "aspmx.l.google.com"}, {5, "alt1.aspmx.l.google.com"}}),
            "google");
  EXPECT_EQ(traffic_group_of({{0, "contoso-com.mail.protection.outlook.com"}}), "microsoft");
  EXPECT_EQ(traffic_group_of({{10, "mx1.mail.example.co.uk"}}), "example.co.uk");
  EXPECT_EQ(traffic_group_of({{10, "localhost"}}), "localhost");
}

TEST(TrafficRule, ReadsWhatItWrites) {
  for (const std::string_view text :
       {"google connections=5 connections_per_minute=60 recipients=50 pause_s=1800",
        "* connections=1", "example.com pause_s=60"}) {
    const auto rule = TrafficRule::parse(text);
    ASSERT_TRUE(rule) << text;
    EXPECT_EQ(rule->to_string(), text);
  }
}

TEST(TrafficRule, SaysWhatIsWrong) {
  EXPECT_EQ(TrafficRule::parse("google conections=5").error().message,
            "\"conections\" is not one of connections, connections_per_minute, recipients, "
            "pause_s");
  EXPECT_EQ(TrafficRule::parse("google connections=0").error().message,
            "connections must be a whole number from 1 to 1000000");
  EXPECT_EQ(TrafficRule::parse("google recipients").error().message,
            "recipients must be a whole number from 1 to 1000000");
  for (const std::string_view text : {"", "  ", "connections=5"}) {
    EXPECT_FALSE(TrafficRule::parse(text)) << text;
  }
}

TEST(TrafficLimits, TheOperatorsRulesComeBeforeTheProfile) {
  EXPECT_EQ(limits_of("google", {}).connections_max, 5u);
  EXPECT_EQ(limits_of("yahoo", {}).pause_ms, 2h);
  EXPECT_EQ(limits_of("example.com", {}), TrafficLimits{});
  const std::vector<TrafficRule> rules = {*TrafficRule::parse("* connections=3 pause_s=60"),
                                          *TrafficRule::parse("google connections=7")};
  EXPECT_EQ(limits_of("google", rules).connections_max, 7u);
  EXPECT_EQ(limits_of("google", rules).pause_ms, 1min);
  EXPECT_EQ(limits_of("google", rules).recipients_per_connection_max, 50u);
  EXPECT_EQ(limits_of("example.com", rules).connections_max, 3u);
}

}  // namespace
}  // namespace verihook::verification
