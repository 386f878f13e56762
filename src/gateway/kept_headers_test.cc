#include "gateway/kept_headers.h"

#include <gtest/gtest.h>

namespace verihook::gateway {
namespace {

using webhooks::VerifierKind;

http::Headers sample() {
  http::Headers headers;
  headers.add("X-Webhook-Signature", "one");
  headers.add("x-webhook-signature", "two");
  headers.add("Authorization", "Basic c2VjcmV0");
  headers.add("Cookie", "session");
  headers.add("X-Note", "caf\xe9");
  return headers;
}

TEST(KeptHeaders, KeepRepeatedOnesInTheirOrderAndLeaveCredentialsOut) {
  const auto kept = kept_headers(sample(), webhooks::default_verifier(VerifierKind::kHmac));
  EXPECT_EQ(kept.shown,
            R"([["X-Webhook-Signature","one"],["x-webhook-signature","two"],["X-Note","caf?"]])");
  EXPECT_EQ(kept.secret, "");
}

TEST(KeptHeaders, KeepApartWhatTheVerifierNeedsToCheckAgain) {
  const auto kept = kept_headers(sample(), webhooks::default_verifier(VerifierKind::kBasic));
  EXPECT_EQ(kept.secret, R"([["Authorization","Basic c2VjcmV0"]])");
  EXPECT_EQ(kept.shown.find("c2VjcmV0"), std::string::npos);
  const auto headers = headers_of(kept);
  ASSERT_TRUE(headers) << headers.error().message;
  EXPECT_EQ(headers->get("authorization"), "Basic c2VjcmV0");
  EXPECT_EQ(headers->count("X-Webhook-Signature"), 2u);
  EXPECT_EQ(headers->get("Cookie"), std::nullopt);
}

TEST(KeptHeaders, OfAKeyInAHeaderOfAnyNameAreSecretToo) {
  auto verifier = webhooks::default_verifier(VerifierKind::kApiKey);
  verifier.headers = {"X-Note"};
  const auto kept = kept_headers(sample(), verifier);
  EXPECT_EQ(kept.secret, R"([["X-Note","caf?"]])");
  EXPECT_EQ(kept.shown.find("X-Note"), std::string::npos);
}

TEST(KeptHeaders, WhatWasNeverWrittenIsRefused) {
  for (const char* text : {"{}", "[1]", R"([["a"]])", R"([["a",1]])", "["}) {
    EXPECT_FALSE(headers_of({.shown = text, .secret = {}})) << text;
  }
}

}  // namespace
}  // namespace verihook::gateway
