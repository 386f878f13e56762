#include "destinations/command_destination.h"

#include <gtest/gtest.h>

#include "tests/support/run_task.h"
#include "tests/support/virtual_time.h"

namespace verihook::destinations {
namespace {

TEST(CommandOutcome, ExitCodesSayWhatIsDeliveredWhatPassesAndWhatDoesNot) {
  EXPECT_TRUE(outcome_of({.exit_code = 0}).success);
  for (const int code : {69, 71, 74, 75}) {
    const auto result = outcome_of({.exit_code = code});
    EXPECT_FALSE(result.success);
    EXPECT_TRUE(result.retryable) << code;
    EXPECT_EQ(result.status_code, code);
    EXPECT_EQ(result.error_class, "exit_status");
  }
  for (const int code : {1, 2, 64, 77, 126, 127, 255}) {
    EXPECT_FALSE(outcome_of({.exit_code = code}).retryable) << code;
  }
}

TEST(CommandOutcome, WhatEndedItOtherwiseHasAClassOfItsOwn) {
  EXPECT_TRUE(outcome_of({.signal_number = 9}).retryable);
  const auto late = outcome_of({.signal_number = 15, .timed_out = true});
  EXPECT_EQ(late.error_class, "timeout");
  EXPECT_TRUE(late.retryable);
  const auto loud = outcome_of({.signal_number = 15, .output = "y\ny\n", .wrote_too_much = true});
  EXPECT_EQ(loud.error_class, "too_large");
  EXPECT_FALSE(loud.retryable);
  EXPECT_EQ(loud.response_head, "y\ny\n");
}

TEST(CommandDestination, HandsThePayloadAndTheFactsOver) {
  asio::io_context io{1};
  testing::VirtualTime time{io};
  asio::thread_pool pool{1};
  CommandDestination handler(pool, time, {{"PATH", "/usr/bin:/bin"}});
  model::Destination destination;
  destination.name = "ledger";
  destination.settings = R"({"command":["/bin/sh","-c",)"
                         R"("cat; echo; env | grep ^VERIHOOK_ | sort | head -n 3; echo $1",)"
                         R"("sh","an argument"]})";
  model::Event event;
  event.id = "evt_1";
  event.type = "order.paid";
  event.origin = model::EventOrigin::kReceived;
  event.body = R"({"a":1})";
  model::Delivery delivery;
  delivery.attempt_count = 2;
  const auto result = testing::run_task(
      io, handler.attempt(destination, event, delivery,
                          Deadline::after(time.clock(), std::chrono::minutes{1})));
  EXPECT_TRUE(result.success) << result.error;
  EXPECT_TRUE(result.response_head.starts_with("{\"a\":1}\nVERIHOOK_ATTEMPT=3\n"))
      << result.response_head;
  EXPECT_TRUE(result.response_head.contains("VERIHOOK_DESTINATION=ledger\n"));
  EXPECT_TRUE(result.response_head.ends_with("an argument\n"));
}

TEST(CommandDestination, AMissingProgramMayComeBack) {
  asio::io_context io{1};
  testing::VirtualTime time{io};
  asio::thread_pool pool{1};
  CommandDestination handler(pool, time, {});
  model::Destination destination;
  destination.settings = R"({"command":["/nowhere/at/all"]})";
  const model::Event event;
  const model::Delivery delivery;
  const auto result =
      testing::run_task(io, handler.attempt(destination, event, delivery, Deadline::never()));
  EXPECT_EQ(result.error_class, "not_found");
  EXPECT_TRUE(result.retryable);
}

}  // namespace
}  // namespace verihook::destinations
