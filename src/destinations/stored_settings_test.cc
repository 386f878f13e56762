#include "destinations/stored_settings.h"

#include <array>

#include <gtest/gtest.h>

#include "destinations/stream_destination.h"

namespace verihook::destinations {
namespace {

class StoredSettingsTest : public ::testing::Test {
 protected:
  StoredSettingsTest() {
    destination_.tenant_id = "default";
    destination_.id = "dst_1";
  }

  SeededRandom random_{7};
  std::array<std::byte, crypto::kAesKeyBytes> key_{};
  crypto::SecretBox box_{key_, random_};
  model::Destination destination_;
};

TEST_F(StoredSettingsTest, APasswordInAUrlIsSealedAndOpensForItsDestinationAlone) {
  ASSERT_TRUE(take_service_url("redis://me:s%3Acret@host/1", kRedisSchemes, box_, destination_));
  EXPECT_EQ(destination_.url, "redis://host:6379/1");
  EXPECT_FALSE(destination_.settings.contains("cret"));
  EXPECT_EQ(StoredSettings(destination_.settings).public_json(), R"({"has_credentials":true})");
  const auto opened = open_service_url(destination_, kRedisSchemes, box_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->user, "me");
  EXPECT_EQ(opened->password, "s:cret");
  destination_.id = "dst_2";
  EXPECT_FALSE(open_service_url(destination_, kRedisSchemes, box_));
}

TEST_F(StoredSettingsTest, AnotherUrlTakesTheOldPasswordAway) {
  ASSERT_TRUE(take_service_url("redis://:secret@host", kRedisSchemes, box_, destination_));
  ASSERT_TRUE(take_service_url("redis://elsewhere", kRedisSchemes, box_, destination_));
  const auto opened = open_service_url(destination_, kRedisSchemes, box_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->password, "");
}

TEST_F(StoredSettingsTest, WhatIsMissingOrDamagedHasItsDefault) {
  const StoredSettings settings(R"({"stream":7,"length_max":"x","length_exact":null})");
  EXPECT_EQ(settings.text("stream"), "");
  EXPECT_EQ(settings.number("length_max", 5), 5);
  EXPECT_FALSE(settings.truth("length_exact"));
  EXPECT_TRUE(StoredSettings("not JSON").texts("command").empty());
}

TEST_F(StoredSettingsTest, AMessageHasTheFactsOfItsEventAndTheBytesOfItsBody) {
  destination_.settings = R"({"stream":"in","length_max":10,"length_exact":true})";
  model::Event event;
  event.id = "evt_1";
  event.type = "order\n.paid";
  event.tenant_id = "default";
  event.origin = model::EventOrigin::kReceived;
  event.source_name = "shop";
  event.dedup_key = "order-7";
  event.body = "{ \"a\" : 1.0 }";
  const StreamMessage message = stream_message_of(destination_, event, {}, WallTime{});
  EXPECT_EQ(message.target, "in");
  EXPECT_EQ(message.length_max, 10);
  EXPECT_TRUE(message.length_exact);
  EXPECT_EQ(message.payload, event.body);
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"webhook_id", "evt_1"},  {"event_type", "order .paid"},
      {"tenant_id", "default"}, {"created_at", to_iso8601(event.created_at)},
      {"source", "shop"},       {"dedup_key", "order-7"}};
  EXPECT_EQ(message.fields, facts);
}

}  // namespace
}  // namespace verihook::destinations
