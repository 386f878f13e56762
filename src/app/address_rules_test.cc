#include "app/address_rules.h"

#include <gtest/gtest.h>

namespace verihook::app {
namespace {

net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }
net::Cidr range(std::string_view text) { return net::Cidr::parse(text).value(); }

TEST(AddressRules, ThisHostsPublicAddressesAreOutOfReach) {
  const std::vector own{ip("127.0.0.1"), ip("8.8.4.4"), ip("2606:4700::1")};
  const auto filter = address_filter_of(Config{}, own);
  EXPECT_FALSE(filter.allows(ip("8.8.4.4")));
  EXPECT_FALSE(filter.allows(ip("2606:4700::1")));
  EXPECT_FALSE(filter.allows(ip("127.0.0.1")));
  EXPECT_TRUE(filter.allows(ip("8.8.4.5")));
  EXPECT_TRUE(filter.allows(ip("2606:4700::2")));
}

TEST(AddressRules, WhatTheOperatorAllowsWinsOverWhatIsDenied) {
  Config config;
  config.network.allow = {range("8.8.4.4/32"), range("9.9.9.9/32")};
  config.network.deny = {range("9.9.9.0/24")};
  const auto filter = address_filter_of(config, std::vector{ip("8.8.4.4"), ip("8.8.8.8")});
  EXPECT_TRUE(filter.allows(ip("8.8.4.4")));
  EXPECT_FALSE(filter.allows(ip("8.8.8.8")));
  EXPECT_TRUE(filter.allows(ip("9.9.9.9")));
  EXPECT_FALSE(filter.allows(ip("9.9.9.10")));
}

TEST(AddressRules, MayReachItselfWhenTheOperatorSaysSoButNotWhatIsDenied) {
  Config config;
  config.network.reach_itself = true;
  config.network.deny = {range("8.8.8.8/32")};
  const auto filter = address_filter_of(config, std::vector{ip("8.8.4.4"), ip("8.8.8.8")});
  EXPECT_TRUE(filter.allows(ip("8.8.4.4")));
  EXPECT_FALSE(filter.allows(ip("8.8.8.8")));
}

TEST(AddressRules, TheAddressThatOthersSeeIsOursUnlessItIsAProxys) {
  Config config;
  config.smtp.sources = {
      verification::EgressSource::parse("10.0.0.5 public=8.8.4.4").value(),
      verification::EgressSource::parse("socks5://10.0.0.6:1080 public=8.8.8.8").value()};
  const auto filter = address_filter_of(config, {});
  EXPECT_FALSE(filter.allows(ip("8.8.4.4")));
  EXPECT_TRUE(filter.allows(ip("8.8.8.8")));
}

TEST(AddressRules, ReadsTheAddressesOfThisHost) { EXPECT_TRUE(address_filter_here(Config{})); }

}  // namespace
}  // namespace verihook::app
