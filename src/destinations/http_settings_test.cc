#include "destinations/http_settings.h"

#include <array>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/support/test_certificates.h"

namespace verihook::destinations {
namespace {

Result<HttpSettings> read(std::string_view text) {
  return read_http_settings(boost::json::parse({text.data(), text.size()}).get_object());
}

bool refused(const boost::json::object& given) {
  const auto settings = read_http_settings(given);
  return !settings && settings.error().code == Errc::kInvalidArgument;
}

class HttpSettingsTest : public ::testing::Test {
 protected:
  SeededRandom random_{7};
  std::array<std::byte, crypto::kAesKeyBytes> key_{};
  crypto::SecretBox box_{key_, random_};
  testing::TestAuthority authority_;
};

TEST_F(HttpSettingsTest, WhatIsStoredIsSealedForItsPlaceAndShownAsAFact) {
  const auto identity = authority_.issue({.names = {"DNS:us.test"}});
  HttpSettings settings;
  settings.bearer_token = "token-of-ours";
  settings.client_certificate = identity.pem();
  settings.client_key = identity.key_pem();
  const auto stored = seal_http_settings(settings, box_, "default|wh_1");
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->contains("token-of-ours"));
  const auto opened = open_http_settings(*stored, box_, "default|wh_1");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->bearer_token, settings.bearer_token);
  EXPECT_EQ(opened->client_certificate, settings.client_certificate);
  EXPECT_EQ(opened->client_key, settings.client_key);
  EXPECT_EQ(opened->basic_credentials, "");
  EXPECT_FALSE(open_http_settings(*stored, box_, "default|wh_2"));
  EXPECT_EQ(public_http_settings(*stored),
            R"({"has_bearer_token":true,"has_client_certificate":true,"has_client_key":true})");
  EXPECT_EQ(public_http_settings("{}"), "{}");
}

TEST_F(HttpSettingsTest, DamagedSettingsAreNotTakenForNone) {
  for (const char* text : {"{", "[]", R"({"bearer_token":1})", R"({"bearer_token":"%"})"}) {
    const auto opened = open_http_settings(text, box_, "default|wh_1");
    EXPECT_FALSE(opened) << text;
  }
}

TEST_F(HttpSettingsTest, WhatCannotBeShownToAnEndpointIsRefused) {
  const auto ours = authority_.issue({.names = {"DNS:us.test"}});
  const auto other = authority_.issue({.names = {"DNS:other.test"}});
  EXPECT_TRUE(read(R"({"basic_credentials":"user:pass:word"})"));
  EXPECT_TRUE(read(R"({"bearer_token":null})"));
  EXPECT_FALSE(read(R"({"basic_credentials":"user"})"));
  EXPECT_FALSE(read(R"({"basic_credentials":"a:b","bearer_token":"c"})"));
  EXPECT_FALSE(read(R"({"bearer_token":"a\r\nX: y"})"));
  EXPECT_FALSE(read(R"({"bearer_token":""})"));
  EXPECT_FALSE(read(R"({"token":"a"})"));
  EXPECT_FALSE(refused({{"client_certificate", ours.pem()}, {"client_key", ours.key_pem()}}));
  EXPECT_TRUE(refused({{"client_certificate", ours.pem()}}));
  EXPECT_TRUE(refused({{"client_certificate", "x"}, {"client_key", ours.key_pem()}}));
  EXPECT_TRUE(refused({{"client_certificate", ours.pem()}, {"client_key", "x"}}));
  EXPECT_TRUE(refused({{"client_certificate", ours.pem()}, {"client_key", other.key_pem()}}));
}

}  // namespace
}  // namespace verihook::destinations
