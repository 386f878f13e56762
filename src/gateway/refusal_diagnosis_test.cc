#include "gateway/refusal_diagnosis.h"

#include <gtest/gtest.h>

#include "webhooks/signature.h"

namespace verihook::gateway {
namespace {

const WallTime kNow = from_unix_ms(1'700'000'000'000);
const std::string kSecret = "a secret";

class RefusalDiagnosisTest : public ::testing::Test {
 protected:
  RefusalDiagnosisTest() {
    door_.verifier = webhooks::default_verifier(webhooks::VerifierKind::kHmac);
    door_.verifier.secrets = {kSecret};
    door_.source.timestamp_tolerance_s = 300;
    door_.source.tenant_id = "default";
  }
  // Of a body that is signed rightly.
  std::string cause_of(const std::string& body, Outcome outcome,
                       std::pair<std::string, std::string> header = {"Host", "h"}) {
    http::Headers headers;
    headers.add(header.first, header.second);
    headers.add("X-Webhook-Signature", webhooks::hex_signature(kSecret, body));
    const auto checked = check(door_, {headers, body, kNow}, OnRefusal::kStop);
    EXPECT_EQ(checked.refusals.size(), 1u) << body;
    if (!checked.refusals.empty()) EXPECT_EQ(checked.refusals.front().outcome, outcome) << body;
    const auto diagnosis = diagnose(door_, {headers, body, kNow}, outcome, {});
    EXPECT_TRUE(diagnosis.sentence.ends_with(".")) << diagnosis.sentence;
    return diagnosis.cause;
  }

  PreparedSource door_;
};

TEST_F(RefusalDiagnosisTest, TellsWhyABodyIsNoJson) {
  using enum Outcome;
  EXPECT_EQ(cause_of("", kNotJson), "empty_body");
  EXPECT_EQ(cause_of("\x1f\x8b", kNotJson, {"Content-Encoding", "gzip"}), "compressed_body");
  EXPECT_EQ(cause_of("a=1", kNotJson, {"Content-Type", "application/x-www-form-urlencoded"}),
            "form_body");
  EXPECT_EQ(cause_of("\xEF\xBB\xBF{}", kNotJson), "byte_order_mark");
  EXPECT_EQ(cause_of("{\"a\":\"\xff\"}", kNotJson), "not_utf8");
  EXPECT_EQ(cause_of("1", kNotJson), "not_an_object");
  EXPECT_EQ(cause_of("{\"a\":1,\"a\":2}", kNotJson), "not_json");
  EXPECT_EQ(cause_of("{\"a\":", kNotJson), "not_json");
}

TEST_F(RefusalDiagnosisTest, TellsWhatIsWrongWithTheTimeOfABody) {
  using enum Outcome;
  EXPECT_EQ(cause_of(R"({"timestamp":"2023-11-14T22:00:00Z"})", kStaleTimestamp), "clock_skew");
  EXPECT_EQ(cause_of(R"({"timestamp":"yesterday"})", kStaleTimestamp), "timestamp_form");
  door_.settings.require_timestamp = true;
  EXPECT_EQ(cause_of(R"({"a":1})", kStaleTimestamp), "no_timestamp");
}

TEST_F(RefusalDiagnosisTest, TellsATenantThatIsMissingFromOneThatIsUnknown) {
  door_.settings.tenant_rule = TenantRule::kRequire;
  EXPECT_EQ(cause_of(R"({"a":1})", Outcome::kUnknownTenant), "no_tenant");
  EXPECT_EQ(cause_of(R"({"tenant_id":"other"})", Outcome::kUnknownTenant), "unknown_tenant");
}

TEST_F(RefusalDiagnosisTest, LeavesSignaturesToTheirOwnDiagnosis) {
  http::Headers headers;
  headers.add("X-Webhook-Signature", "sha256=" + webhooks::hex_signature(kSecret, "{}"));
  EXPECT_EQ(diagnose(door_, {headers, "{}", kNow}, Outcome::kInvalidSignature, {}).cause, "prefix");
  EXPECT_EQ(diagnose(door_, {{}, "{}", kNow}, Outcome::kMissingSignature, {}).cause,
            "no_signature");
}

}  // namespace
}  // namespace verihook::gateway
