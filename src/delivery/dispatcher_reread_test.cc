// What waits in the dispatcher's memory when its event is changed in the store: an erasure.
#include <gtest/gtest.h>

#include "delivery/dispatcher.h"
#include "store/erasures.h"
#include "tests/support/delivery_world.h"

namespace verihook::delivery {
namespace {

using namespace std::chrono_literals;

const store::TextTable& events_table() {
  return *std::ranges::find(store::text_tables(), "events", &store::TextTable::name);
}

class DispatcherReread : public ::testing::Test {
 protected:
  DispatcherReread() {
    world_.start();
    // The first goes at once, the others wait for their turn in memory.
    world_.add("wh_1", [](model::Destination& d) { d.options.rate_per_second = 1; });
    for (int i = 0; i < 3; ++i) ids_.push_back(world_.publish("bulk.failed"));
    world_.time.advance(1ms);
    EXPECT_EQ(world_.handler.seen.size(), 1u);
    EXPECT_EQ(world_.dispatcher->stats().loaded, 2u);
  }
  ~DispatcherReread() override {
    world_.stop(20s);
    world_.database.reset();
  }
  // As an erasure does it: in the store, and then the dispatcher is told.
  void change(const std::string& id, const std::function<store::TextChange(store::TextRow&)>& how) {
    const auto changed = world_.write([&](store::Connection& db) {
      return store::change_texts(db, events_table(), "default", {id}, how);
    });
    ASSERT_TRUE(changed);
    world_.dispatcher->reread("default", {id});
  }

  testing::World world_;
  std::vector<std::string> ids_;
};

TEST_F(DispatcherReread, WhatWaitsIsSentAsItIsInTheStoreByThen) {
  change(ids_[2], [](store::TextRow& row) {
    row.texts.back() = "\"status\":\"[erased]\"}";
    return store::TextChange::kRewritten;
  });
  world_.time.advance(10s);
  ASSERT_EQ(world_.handler.seen.size(), 3u);
  EXPECT_EQ(world_.handler.seen[1].body, "\"status\":\"x\"}");
  EXPECT_EQ(world_.handler.seen[2].event_id, ids_[2]);
  EXPECT_EQ(world_.handler.seen[2].body, "\"status\":\"[erased]\"}");
  EXPECT_EQ(world_.counts().delivered, 3);
  EXPECT_EQ(world_.dispatcher->stats().loaded, 0u);
}

TEST_F(DispatcherReread, WhatWasRemovedIsNotSent) {
  change(ids_[1], [](store::TextRow&) { return store::TextChange::kRemove; });
  world_.time.advance(10s);
  ASSERT_EQ(world_.handler.seen.size(), 2u);
  EXPECT_EQ(world_.handler.seen[1].event_id, ids_[2]);
  EXPECT_EQ(world_.counts().delivered, 2);
  EXPECT_EQ(world_.counts().pending, 0);
}

TEST_F(DispatcherReread, NobodyElsesAreGivenBack) {
  world_.dispatcher->reread("ten_2", {ids_[1], ids_[2]});
  world_.dispatcher->reread("default", {"evt_other"});
  EXPECT_EQ(world_.dispatcher->stats().loaded, 2u);
}

}  // namespace
}  // namespace verihook::delivery
