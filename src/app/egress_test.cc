#include "app/egress.h"

#include <gtest/gtest.h>

namespace verihook::app {
namespace {

TEST(EgressOfConfig, IsTheSystemsChoiceWithTheHostsNameByDefault) {
  const Config config;
  const auto sources = egress_sources_of(config);
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_EQ(sources[0].name, "default");
  EXPECT_EQ(sources[0].helo, helo_of(config));
  EXPECT_EQ(sources[0].mail_from, "verify@" + helo_of(config));
}

TEST(EgressOfConfig, GivesEachSourceItsNames) {
  Config config;
  config.smtp.helo = "mx.example.com";
  config.smtp.sources = {*verification::EgressSource::parse("203.0.113.5 helo=mx5.example.com"),
                         *verification::EgressSource::parse("203.0.113.6")};
  auto sources = egress_sources_of(config);
  EXPECT_EQ(sources[0].mail_from, "verify@mx5.example.com");
  EXPECT_EQ(sources[1].helo, "mx.example.com");
  EXPECT_EQ(sources[1].mail_from, "verify@mx.example.com");
  config.smtp.mail_from = "probe@example.com";
  sources = egress_sources_of(config);
  EXPECT_EQ(sources[0].mail_from, "probe@example.com");
  EXPECT_EQ(sources[1].mail_from, "probe@example.com");
}

}  // namespace
}  // namespace verihook::app
