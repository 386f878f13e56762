#include "gateway/quarantine.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/random.h"
#include "store/destinations.h"
#include "store/rejected_requests.h"
#include "store/sqlite/sqlite_driver.h"
#include "tests/support/run_task.h"
#include "tests/support/virtual_time.h"

namespace verihook::gateway {
namespace {

using verihook::testing::run_task;
using verihook::testing::VirtualTime;

constexpr Milliseconds kLittle{2'000};

class QuarantineTest : public ::testing::Test {
 protected:
  QuarantineTest() {
    EXPECT_TRUE(database_.open().has_value());
    model::Source source;
    source.tenant_id = "default";
    source.id = "src_1";
    source.name = "door";
    source.verifier = R"({"kind":"hmac"})";
    source.secrets = {{box_.seal("a secret", source_secret_place(source)).value(), std::nullopt}};
    auto prepared = prepare_source(source, box_, time_.clock().wall_now());
    EXPECT_TRUE(prepared.has_value());
    door_ = std::make_shared<const PreparedSource>(std::move(*prepared));
    EXPECT_TRUE(run_task(io_, database_.write([&](store::Connection& db) {
      return store::insert_source(db, source);
    })));
  }
  ~QuarantineTest() override { end(); }

  Quarantine& begin(QuarantineOptions options = {}) {
    options_ = options;
    quarantine_ =
        std::make_unique<Quarantine>(io_.get_executor(), time_, database_, box_, nullptr, options_);
    quarantine_->start();
    return *quarantine_;
  }
  void end() {
    if (quarantine_ == nullptr) return;
    run_task(io_, [](Quarantine& quarantine) -> Task<bool> {
      co_await quarantine.stop();
      co_return true;
    }(*quarantine_));
    quarantine_.reset();
  }
  void refuse(const std::string& client = "192.0.2.1", std::string body = "{}") {
    http::Headers headers;
    headers.add("X-Webhook-Signature", "sha256=00");
    quarantine_->take({.door = door_,
                       .outcome = Outcome::kInvalidSignature,
                       .id = ids_.make(id_prefix::kRequest),
                       .client = client,
                       .at = time_.clock().wall_now(),
                       .headers = std::move(headers),
                       .body = std::move(body)});
  }
  std::vector<model::RejectedRequest> kept() {
    store::RejectedRequestFilter filter;
    filter.limit = 10'000;
    return run_task(io_, database_.read([&](store::Connection& db) {
             return store::list_rejected_requests(db, "default", "src_1", filter);
           }))
        .value();
  }

  asio::io_context io_{1};
  VirtualTime time_{io_};
  SeededRandom random_{7};
  IdMaker ids_{time_.clock(), random_};
  crypto::SecretBox box_{crypto::AesKey(std::array<std::byte, crypto::kAesKeyBytes>{}), random_};
  store::Database database_{std::make_unique<store::sqlite::SqliteDriver>(
                                "", store::sqlite::SqliteOptions{.in_memory = true, .vfs = ""}),
                            {.inline_executor = io_.get_executor()},
                            [](const Error&) {}};
  SourcePointer door_;
  QuarantineOptions options_;
  std::unique_ptr<Quarantine> quarantine_;
};

TEST_F(QuarantineTest, KeepsWhatIsRefusedWithItsDiagnosis) {
  begin();
  refuse();
  time_.advance(kLittle);
  const auto all = kept();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].outcome, "invalid_signature");
  EXPECT_EQ(all[0].cause, "unknown_secret");
  EXPECT_EQ(all[0].peer, "192.0.2.1");
  EXPECT_EQ(quarantine_->stats().kept, 1u);
}

TEST_F(QuarantineTest, KeepsSoManyOfASourceInAMinuteAndHalfOfThemOfOneAddress) {
  begin({.per_minute_max = 10});
  for (int i = 0; i < 20; ++i) refuse("192.0.2.1");
  for (int i = 0; i < 20; ++i) refuse("192.0.2." + std::to_string(100 + i));
  time_.advance(kLittle);
  EXPECT_EQ(kept().size(), 10u);
  EXPECT_EQ(quarantine_->stats().over_rate, 30u);
  time_.advance(std::chrono::minutes{1});
  refuse();
  time_.advance(kLittle);
  EXPECT_EQ(kept().size(), 11u);
}

TEST_F(QuarantineTest, KeepsNoneWhenItIsToldTo) {
  begin({.per_minute_max = 0});
  refuse();
  time_.advance(kLittle);
  EXPECT_TRUE(kept().empty());
}

TEST_F(QuarantineTest, TheOldestMakeRoomInTheStore) {
  begin({.per_minute_max = 1'000, .kept_max = 7, .batch_max = 3});
  for (int i = 0; i < 20; ++i) refuse();
  time_.advance(kLittle);
  EXPECT_EQ(kept().size(), 7u);
  EXPECT_EQ(quarantine_->stats().kept, 20u);
}

TEST_F(QuarantineTest, OfALongBodyTheBeginningIsKeptAndNothingSaid) {
  begin({.body_bytes_max = 8});
  refuse("192.0.2.1", std::string(100, 'x'));
  time_.advance(kLittle);
  ASSERT_EQ(kept().size(), 1u);
  const auto id = kept()[0].id;
  const auto found = run_task(io_, database_.read([&](store::Connection& db) {
    return store::find_rejected_request(db, "default", "src_1", id);
  }));
  EXPECT_EQ(found->body, "xxxxxxxx");
  EXPECT_EQ(found->body_bytes, 100);
  EXPECT_FALSE(found->is_whole());
  EXPECT_EQ(found->cause, "too_large_to_keep");
}

TEST_F(QuarantineTest, WhatFindsNoRoomInTheQueueIsCounted) {
  begin({.per_minute_max = 1'000, .waiting_max = 5});
  for (int i = 0; i < 20; ++i) refuse();
  EXPECT_EQ(quarantine_->stats().over_queue, 15u);
  time_.advance(kLittle);
  EXPECT_EQ(kept().size(), 5u);
}

TEST_F(QuarantineTest, WhatWaitsIsWrittenWhenItStops) {
  begin({.batch_max = 1});
  for (int i = 0; i < 5; ++i) refuse();
  end();
  EXPECT_EQ(kept().size(), 5u);
}

TEST_F(QuarantineTest, ForgetsWhatIsOld) {
  begin();
  refuse();
  time_.advance(kLittle);
  EXPECT_EQ(run_task(io_, quarantine_->forget_old(10)), 0);
  time_.advance(std::chrono::hours{24 * 7});
  EXPECT_EQ(run_task(io_, quarantine_->forget_old(10)), 1);
  EXPECT_TRUE(kept().empty());
}

}  // namespace
}  // namespace verihook::gateway
