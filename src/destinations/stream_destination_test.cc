#include "destinations/stream_destination.h"

#include <gtest/gtest.h>

namespace verihook::destinations {
namespace {

model::Event event_of(std::string type, std::string source = "shop") {
  model::Event event;
  event.id = "evt_1";
  event.tenant_id = "ten_1";
  event.type = std::move(type);
  event.source_name = std::move(source);
  return event;
}

TEST(Subject, TakesItsValuesFromTheEvent) {
  EXPECT_EQ(subject_of("in.{tenant_id}.{source}.{event_type}", event_of("order.paid")),
            "in.ten_1.shop.order.paid");
  EXPECT_EQ(subject_of("fixed", event_of("order.paid")), "fixed");
}

TEST(Subject, NoValueMakesAnotherSubject) {
  EXPECT_EQ(subject_of("a.{source}", event_of("x", "b.c d")), "a.b_c_d");
  EXPECT_EQ(subject_of("a.{source}", event_of("x", "")), "a._");
  EXPECT_EQ(subject_of("{event_type}", event_of(">")), "_");
  EXPECT_EQ(subject_of("{event_type}", event_of("*.a..b.")), "_.a._.b._");
  EXPECT_EQ(subject_of("{event_type}", event_of(".a\r\n")), "_.a__");
  EXPECT_EQ(subject_of("{event_type}", event_of("")), "_");
  EXPECT_EQ(subject_of("{event_type}", event_of("$JS.API.INFO")), "_JS.API.INFO");
}

TEST(Subject, OnlyWhatMakesSubjectsIsATemplate) {
  for (const char* good : {"a", "a.b", "verihook.{event_type}", "{source}.x-{tenant_id}", "a$b"}) {
    EXPECT_TRUE(is_subject_template(good)) << good;
  }
  for (const char* bad :
       {"", "a b", "a.*", "a.>", ".a", "a.", "a..b", "$JS.API", "{event}", "a}"}) {
    EXPECT_FALSE(is_subject_template(bad)) << bad;
  }
}

TEST(StreamMessage, OfNatsIsOneForEachDestinationAndReplay) {
  model::Destination destination;
  destination.kind = model::DestinationKind::kNats;
  destination.settings = R"({"subject":"in.{source}","stream":"IN"})";
  model::Event event = event_of("order.paid");
  event.origin = model::EventOrigin::kReceived;
  event.body = "{}";
  model::Delivery delivery;
  delivery.destination_id = "dst_1";
  StreamMessage message = stream_message_of(destination, event, delivery, {});
  EXPECT_EQ(message.target, "in.shop");
  EXPECT_EQ(message.expected_stream, "IN");
  EXPECT_EQ(message.id, "evt_1.dst_1");
  EXPECT_EQ(message.payload, "{}");
  delivery.replay_id = "rpl_1";
  EXPECT_EQ(stream_message_of(destination, event, delivery, {}).id, "evt_1.dst_1.rpl_1");
}

}  // namespace
}  // namespace verihook::destinations
