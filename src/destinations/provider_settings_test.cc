#include "destinations/provider_settings.h"

#include <array>

#include <gtest/gtest.h>

#include "base/random.h"
#include "webhooks/strict_json.h"

namespace verihook::destinations {
namespace {

TEST(ProviderSettings, SealTheKeyToItsPlaceAndKeepItOverChanges) {
  SeededRandom random(3);
  const crypto::SecretBox box(crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}),
                              random);
  const auto seal = [&](std::string_view text, std::string_view previous) {
    const auto given = webhooks::parse_strict_json(text).value();
    return seal_provider_settings(given.get_object(), previous, box, "t|src_1");
  };
  const std::string stored = seal(R"({"api_key":"k","other":1})", "{}").value();
  EXPECT_EQ(stored.find("\"k\""), std::string::npos);
  EXPECT_NE(stored.find("\"other\":1"), std::string::npos);
  EXPECT_EQ(open_provider_settings(stored, box, "t|src_1")->api_key, "k");
  EXPECT_FALSE(open_provider_settings(stored, box, "t|src_2"));
  const std::string changed = seal(R"({"allowed_hosts":["A.example"]})", stored).value();
  EXPECT_EQ(open_provider_settings(changed, box, "t|src_1")->api_key, "k");
  EXPECT_EQ(
      open_provider_settings(seal(R"({"api_key":null})", stored).value(), box, "t|src_1")->api_key,
      "");
  EXPECT_TRUE(public_provider_settings(stored)->at("has_api_key").as_bool());
  EXPECT_FALSE(public_provider_settings(stored)->contains("api_key_sealed"));
  for (const std::string_view bad :
       {R"({"api_key":""})", R"({"api_key":"a b"})", R"({"api_key":1})", R"({"allowed_hosts":1})",
        R"({"allowed_hosts":["http://x.example"]})", R"({"allowed_hosts":["x.example/a"]})",
        R"({"allowed_hosts":[""]})", R"({"submit_url":"nonsense"})",
        R"({"results_url":"https://x.example/"})"}) {
    EXPECT_FALSE(seal(bad, "{}")) << bad;
  }
}

TEST(ProviderSettings, EncodeTheJobInTheUrl) {
  EXPECT_EQ(expand_job_id("https://x/{job_id}/r", "job_1"), "https://x/job_1/r");
  EXPECT_EQ(expand_job_id("https://x/{job_id}", "../a?b"), "https://x/%2e%2e%2fa%3fb");
}

}  // namespace
}  // namespace verihook::destinations
