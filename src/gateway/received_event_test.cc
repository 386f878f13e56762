#include "gateway/received_event.h"

#include <gtest/gtest.h>

#include "webhooks/strict_json.h"

namespace verihook::gateway {
namespace {

using webhooks::VerifierKind;

boost::json::value parse(std::string_view text) {
  return webhooks::parse_strict_json(text, webhooks::received_json_limits()).value();
}

http::Headers headers(std::vector<std::pair<std::string, std::string>> fields) {
  http::Headers made;
  for (auto& [name, value] : fields) made.add(name, value);
  return made;
}

TEST(EventType, StandsWhereTheProviderPutsIt) {
  struct Row {
    VerifierKind kind;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string_view body;
    std::string_view type;
  };
  const Row rows[] = {
      {VerifierKind::kHmac, {}, R"({"event_type":"bulk.completed"})", "bulk.completed"},
      {VerifierKind::kBillionVerify, {}, R"({"event_type":"bulk.failed"})", "bulk.failed"},
      {VerifierKind::kHmac, {}, R"({"type":"a","event":"b"})", "a"},
      {VerifierKind::kHmac, {}, R"({"event":"b"})", "b"},
      {VerifierKind::kHmac, {{"X-GitHub-Event", "push"}}, "{}", "unknown"},
      {VerifierKind::kStandardWebhooks, {}, R"({"type":"user.created"})", "user.created"},
      {VerifierKind::kStandardWebhooks, {}, R"({"event_type":"bulk.failed"})", "bulk.failed"},
      {VerifierKind::kStripe, {}, R"({"id":"evt_1","type":"charge.failed"})", "charge.failed"},
      {VerifierKind::kGithub, {{"X-GitHub-Event", "push"}}, "{}", "push"},
      {VerifierKind::kGithub,
       {{"x-github-event", "issues"}},
       R"({"action":"opened"})",
       "issues.opened"},
      {VerifierKind::kShopify, {{"X-Shopify-Topic", "orders/create"}}, "{}", "orders/create"},
      {VerifierKind::kSlack,
       {},
       R"({"type":"event_callback","event":{"type":"message"}})",
       "message"},
      {VerifierKind::kSlack, {}, R"({"type":"url_verification"})", "url_verification"},
      {VerifierKind::kHmac, {}, R"({})", "unknown"},
      {VerifierKind::kHmac, {}, R"([1])", "unknown"},
      {VerifierKind::kHmac, {}, R"({"event_type":""})", "unknown"},
      {VerifierKind::kHmac, {}, R"({"event_type":{"a":1}})", "unknown"},
      {VerifierKind::kHmac, {}, R"({"event_type":"with space"})", "unknown"},
      {VerifierKind::kHmac, {}, R"({"event_type":"line\nfeed"})", "unknown"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(event_type_of(row.kind, headers(row.fields), parse(row.body)), row.type) << row.body;
  }
  const std::string longer(kEventTypeBytesMax + 1, 'x');
  EXPECT_EQ(event_type_of(VerifierKind::kHmac, {}, parse(R"({"event_type":")" + longer + "\"}")),
            "unknown");
}

TEST(DedupKey, PrefersTheConfiguredThenTheCommonThenTheProvidersOwn) {
  struct Row {
    VerifierKind kind;
    std::string_view configured;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string_view body;
    std::string_view key;
  };
  const Row rows[] = {
      {VerifierKind::kHmac, "", {}, R"({"webhook_id":"w","event_id":"e"})", "w"},
      {VerifierKind::kHmac, "", {}, R"({"event_id":"e"})", "e"},
      {VerifierKind::kHmac, "", {}, R"({"webhook_id":null,"event_id":"e"})", "e"},
      {VerifierKind::kHmac, "", {}, R"({"webhook_id":"","event_id":7})", "7"},
      {VerifierKind::kHmac, "delivery", {}, R"({"webhook_id":"w","delivery":"d"})", "d"},
      {VerifierKind::kHmac, "data.id", {}, R"({"webhook_id":"w","data":{"id":"d"}})", "d"},
      {VerifierKind::kHmac, "data.id", {}, R"({"webhook_id":"w","data":[1]})", "w"},
      {VerifierKind::kHmac, "absent", {}, R"({"webhook_id":"w"})", "w"},
      {VerifierKind::kGithub, "", {{"X-GitHub-Delivery", "72d3162e"}}, "{}", "72d3162e"},
      {VerifierKind::kStandardWebhooks, "", {{"webhook-id", "msg_1"}}, "{}", "msg_1"},
      {VerifierKind::kShopify, "", {{"X-Shopify-Webhook-Id", "b54557e4"}}, "{}", "b54557e4"},
      {VerifierKind::kStripe, "", {}, R"({"id":"evt_1"})", "evt_1"},
      {VerifierKind::kSlack, "", {}, R"({"event_id":"Ev1"})", "Ev1"},
      // Without a provider that signs or sends it, a header is nobody's id.
      {VerifierKind::kHmac, "", {{"webhook-id", "msg_1"}}, R"({"event_id":"e"})", "e"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(
        dedup_key_of(row.kind, row.configured, headers(row.fields), parse(row.body), row.body),
        row.key)
        << row.body;
  }
}

TEST(DedupKey, IsTheHashOfTheBodyWhenNothingElseIs) {
  const std::string first = dedup_key_of(VerifierKind::kHmac, "", {}, parse("{}"), "{}");
  EXPECT_EQ(first, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_NE(dedup_key_of(VerifierKind::kHmac, "", {}, parse("{}"), "{ }"), first);
  EXPECT_EQ(dedup_key_of(VerifierKind::kHmac, "", {}, nullptr, "{}"), first);
}

TEST(DedupKey, NeverGrowsBeyondItsLimit) {
  const std::string body = R"({"webhook_id":")" + std::string(kDedupKeyBytesMax + 1, 'w') + "\"}";
  const std::string key = dedup_key_of(VerifierKind::kHmac, "", {}, parse(body), body);
  EXPECT_TRUE(key.starts_with("sha256:"));
  EXPECT_EQ(key.size(), 7 + 64);
}

TEST(HeadersJson, JoinsRepetitionsAndLeavesSecretsOut) {
  const auto fields = headers({{"Host", "example.com"},
                               {"Authorization", "Basic c2VjcmV0"},
                               {"Cookie", "secret"},
                               {"X-API-Key", "secret"},
                               {"X-Webhook-Signature", "00ff"},
                               {"X-Twice", "1"},
                               {"x-twice", "2"},
                               {"X-Bytes", "a\xff"}});
  EXPECT_EQ(
      headers_json(fields, webhooks::default_verifier(VerifierKind::kHmac)),
      R"({"Host":"example.com","X-Webhook-Signature":"00ff","X-Twice":"1, 2","X-Bytes":"a?"})");
  webhooks::VerifierConfig by_key = webhooks::default_verifier(VerifierKind::kApiKey);
  by_key.headers = {"x-twice"};
  EXPECT_EQ(headers_json(fields, by_key),
            R"({"Host":"example.com","X-Webhook-Signature":"00ff","X-Bytes":"a?"})");
}

}  // namespace
}  // namespace verihook::gateway
