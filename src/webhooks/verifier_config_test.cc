#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhooks/strict_json.h"
#include "webhooks/verify.h"

namespace verihook::webhooks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<VerifierConfig> parse(std::string_view text) {
  return parse_verifier(parse_strict_json(text).value());
}

TEST(VerifierConfig, ReadsEveryFieldOfHmac) {
  const auto config = parse(
      R"({"kind":"hmac","header":"X-Sig","secrets":["a","b"],"prefix":"v=","encoding":"base64",)"
      R"("signed_content":"{timestamp}.{id}.{body}","timestamp_header":"X-T","id_header":"X-I"})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->kind, VerifierKind::kHmac);
  EXPECT_THAT(config->headers, ElementsAre("X-Sig"));
  EXPECT_THAT(config->secrets, ElementsAre("a", "b"));
  EXPECT_EQ(config->prefix, "v=");
  EXPECT_EQ(config->encoding, SignatureEncoding::kBase64);
  EXPECT_EQ(config->signed_content, "{timestamp}.{id}.{body}");
  EXPECT_EQ(config->timestamp_header, "X-T");
  EXPECT_EQ(config->id_header, "X-I");
}

TEST(VerifierConfig, NeedsNoMoreThanKindAndSecrets) {
  for (const char* kind : {"hmac", "standard-webhooks", "billionverify", "stripe", "github",
                           "shopify", "slack", "api-key"}) {
    const auto config = parse(std::string(R"({"secrets":["s"],"kind":")") + kind + "\"}");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(to_string(config->kind), kind);
  }
  EXPECT_TRUE(parse(R"({"kind":"basic","secrets":["user:password"]})"));
  EXPECT_TRUE(parse(R"({"kind":"none"})"));
  EXPECT_TRUE(parse(R"({"kind":"standard-webhooks",)"
                    R"("secrets":["whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]})"));
}

TEST(VerifierConfig, NamesTheFieldThatIsWrong) {
  const std::pair<std::string_view, std::string_view> kRefused[] = {
      {R"([])", "\"verifier\" must be an object"},
      {R"({})", "\"verifier.kind\" must be one of hmac, standard-webhooks"},
      {R"({"kind":"md5"})", "\"verifier.kind\""},
      {R"({"kind":7})", "\"verifier.kind\""},
      {R"({"kind":"hmac"})", "\"verifier.secrets\""},
      {R"({"kind":"hmac","secrets":[]})", "\"verifier.secrets\""},
      {R"({"kind":"hmac","secrets":"s"})", "\"verifier.secrets\""},
      {R"({"kind":"hmac","secrets":[""]})", "\"verifier.secrets\""},
      {R"({"kind":"standard-webhooks","secrets":["whsk_AAAA"]})", "give the public one"},
      {R"({"kind":"standard-webhooks","secrets":["whpk_AAAA"]})", "whpk_ and base64 of 32"},
      {R"({"kind":"hmac","secrets":["whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]})",
       "unless kind is standard-webhooks"},
      {R"({"kind":"hmac","secrets":["s",1]})", "\"verifier.secrets\""},
      {R"({"kind":"hmac","secrets":["1","2","3","4","5","6","7","8","9","10","11"]})",
       "\"verifier.secrets\""},
      {R"({"kind":"basic","secrets":["nocolon"]})", "\"verifier.secrets\""},
      {R"({"kind":"hmac","secrets":["s"],"header":"X Sig"})", "\"verifier.header\""},
      {R"({"kind":"hmac","secrets":["s"],"header":""})", "\"verifier.header\""},
      {R"({"kind":"hmac","secrets":["s"],"header":null})", "\"verifier.header\""},
      {R"({"kind":"hmac","secrets":["s"],"prefix":"\n"})", "\"verifier.prefix\""},
      {R"({"kind":"hmac","secrets":["s"],"encoding":"base32"})", "\"verifier.encoding\""},
      {R"({"kind":"hmac","secrets":["s"],"signed_content":"x"})", "\"verifier.signed_content\""},
      {R"({"kind":"hmac","secrets":["s"],"signed_content":"{body}{body}"})",
       "\"verifier.signed_content\""},
      {R"({"kind":"hmac","secrets":["s"],"signed_content":"{url}.{body}"})",
       "\"verifier.signed_content\""},
      {R"({"kind":"hmac","secrets":["s"],"signed_content":"{timestamp}.{body}"})",
       "\"verifier.timestamp_header\""},
      {R"({"kind":"hmac","secrets":["s"],"timestamp_header":"X-T"})",
       "\"verifier.timestamp_header\""},
      {R"({"kind":"hmac","secrets":["s"],"signed_content":"{id}.{body}"})",
       "\"verifier.id_header\""},
      {R"({"kind":"hmac","secrets":["s"],"algorithm":"sha1"})", "\"verifier.algorithm\" is not"},
      {R"({"kind":"github","secrets":["s"],"header":"X-Other"})", "\"verifier.header\" is not"},
      {R"({"kind":"none","secrets":["s"]})", "\"verifier.secrets\" is not"},
      {R"({"kind":"standard-webhooks","secrets":["s"],"secret_encoding":"hex"})",
       "\"verifier.secret_encoding\""},
  };
  for (const auto& [text, message] : kRefused) {
    const auto config = parse(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(config.error().message, HasSubstr(message)) << text;
  }
}

TEST(VerifierConfig, IsStoredWithoutItsSecretsAndComesBackWithThem) {
  for (const char* text : {
           R"({"kind":"hmac","header":"X-Sig","prefix":"v=","encoding":"base64",)"
           R"("signed_content":"{timestamp}.{body}","timestamp_header":"X-T"})",
           R"({"kind":"standard-webhooks","secret_encoding":"raw"})",
           R"({"kind":"billionverify"})",
           R"({"kind":"billionverify","header":"X-BV-Signature"})",
           R"({"kind":"github"})",
           R"({"kind":"api-key","header":"Authorization","prefix":"Bearer "})",
       }) {
    auto json = parse_strict_json(text).value();
    json.as_object()["secrets"] = boost::json::array{"top secret"};
    const auto config = parse_verifier(json);
    ASSERT_TRUE(config) << config.error().message;
    const std::string stored = boost::json::serialize(to_json(*config));
    EXPECT_EQ(stored, text);
    const auto back = parse_stored_verifier(stored, {"top secret"});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->secrets, config->secrets);
    EXPECT_EQ(back->headers, config->headers);
    EXPECT_EQ(back->prefix, config->prefix);
    EXPECT_EQ(back->signed_content, config->signed_content);
    EXPECT_FALSE(parse_stored_verifier(stored, {}));
  }
  EXPECT_TRUE(parse_stored_verifier(R"({"kind":"none"})", {}));
}

}  // namespace
}  // namespace verihook::webhooks
