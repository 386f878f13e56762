#include "destinations/services/service_address.h"

#include <array>

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

constexpr std::array<ServiceScheme, 2> kSchemes = {
    {{"redis", false, 6379}, {"rediss", true, 6380}}};

TEST(ServiceAddress, SplitsAUrlIntoItsParts) {
  const auto address =
      ServiceAddress::parse("rediss://me:p%40ss%3A@Cache.Example.com:7000/2", kSchemes);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(address->host, "cache.example.com");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(address->path, "2");
  EXPECT_EQ(address->user, "me");
  EXPECT_EQ(address->password, "p@ss:");
  EXPECT_EQ(address->public_url(), "rediss://cache.example.com:7000/2");
}

TEST(ServiceAddress, KnowsTheDefaultPortOfEachScheme) {
  EXPECT_EQ(ServiceAddress::parse("redis://10.0.0.1", kSchemes)->port, 6379);
  EXPECT_EQ(ServiceAddress::parse("rediss://[2001:db8::1]/", kSchemes)->port, 6380);
  EXPECT_EQ(ServiceAddress::parse("rediss://[2001:db8::1]:1", kSchemes)->public_url(),
            "rediss://[2001:db8::1]:1");
  EXPECT_TRUE(ServiceAddress::parse("redis://[2001:db8::1]:1", kSchemes)->literal);
}

TEST(ServiceAddress, ReadsAPasswordWithoutAUserAndAUserWithoutAPassword) {
  const auto password = ServiceAddress::parse("redis://:secret@host", kSchemes);
  EXPECT_EQ(password->user, "");
  EXPECT_EQ(password->password, "secret");
  const auto token = ServiceAddress::parse("redis://token@host", kSchemes);
  EXPECT_EQ(token->user, "token");
  EXPECT_EQ(token->password, "");
}

TEST(ServiceAddress, RefusesWhatCouldBeReadInTwoWaysAndNeverQuotesThePassword) {
  for (const char* text :
       {"", "redis", "http://host", "redis://", "redis://host:0", "redis://host:70000",
        "redis://host:x", "redis://0x7f000001", "redis://127.1", "redis://ho st", "redis://host?x",
        "redis://host/0#x", "redis://a%zz:sesame@host", "redis://me:sesame@", "redis://[::1",
        "redis://me:sesame%0a@host", "redis://::1:6379"}) {
    const auto address = ServiceAddress::parse(text, kSchemes);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::kInvalidArgument) << text;
    EXPECT_FALSE(address.error().message.contains("sesame")) << address.error().message;
  }
}

}  // namespace
}  // namespace verihook::destinations
