#include "verification/lane.h"

#include <gtest/gtest.h>

namespace verihook::verification {
namespace {

using namespace std::chrono_literals;
using smtp::ReplyClass;
using enum Lane::Turn;

class LaneTest : public ::testing::Test {
 protected:
  Lane::Turn ask() { return lane_.ask(now_).turn; }
  // How many connections may begin now.
  int begin_all() {
    int begun = 0;
    while (ask() == kGo) ++begun;
    return begun;
  }
  void refuse(ReplyClass why, std::optional<Milliseconds> named = {}) {
    lane_.refused(why, named, {}, now_);
  }

  MonotonicTime now_{1h};
  Lane lane_{{.connections_max = 4,
              .connections_per_minute_max = 60,
              .recipients_per_connection_max = 100,
              .pause_ms = 10min}};
};

TEST_F(LaneTest, AllowsSoManyConnectionsAtOnce) {
  EXPECT_EQ(begin_all(), 4);
  EXPECT_FALSE(lane_.ask(now_).at) << "only the end of a connection helps";
  lane_.end(now_);
  EXPECT_EQ(begin_all(), 1);
}

TEST_F(LaneTest, AllowsSoManyConnectionsAMinute) {
  int begun = 0;
  for (; ask() == kGo; ++begun) lane_.end(now_);
  EXPECT_EQ(begun, 60);
  const auto answer = lane_.ask(now_);
  ASSERT_TRUE(answer.at);
  EXPECT_LE(*answer.at - now_, 1100ms);
  now_ = *answer.at;
  EXPECT_EQ(ask(), kGo);
  lane_.end(now_);
  EXPECT_EQ(ask(), kWait);
}

TEST_F(LaneTest, KeepsAwayAfterARefusalLongerEachTimeAndLetsOneTry) {
  EXPECT_EQ(ask(), kGo);
  refuse(ReplyClass::kBlocked);
  lane_.end(now_);
  EXPECT_EQ(ask(), kClosed);
  EXPECT_EQ(lane_.closed_until(), now_ + 10min);
  now_ += 10min;
  EXPECT_EQ(begin_all(), 1) << "one connection tries";
  refuse(ReplyClass::kBlocked);
  lane_.end(now_);
  EXPECT_EQ(lane_.closed_until(), now_ + 20min);
  now_ += 20min;
  EXPECT_EQ(begin_all(), 1);
  lane_.greeted();
  EXPECT_EQ(begin_all(), 3);
  refuse(ReplyClass::kBlocked);
  EXPECT_EQ(lane_.closed_until(), now_ + 10min) << "it begins anew after a success";
}

TEST_F(LaneTest, PausesGrowToFourHoursAtMost) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ask(), kGo);
    refuse(ReplyClass::kNeedsReverseDns);
    lane_.end(now_);
    EXPECT_LE(*lane_.closed_until() - now_, 4h);
    now_ = *lane_.closed_until();
  }
}

TEST_F(LaneTest, TooManyConnectionsMakesThemFewerAndSlowlyMoreAgain) {
  EXPECT_EQ(begin_all(), 4);
  for (int i = 0; i < 2; ++i) {
    refuse(ReplyClass::kThrottled);
    lane_.end(now_);
  }
  EXPECT_FALSE(lane_.closed(now_)) << "two conversations may go on";
  EXPECT_EQ(lane_.connections_max(), 2u);
  EXPECT_EQ(ask(), kWait);
  now_ += 61s;
  lane_.end(now_);
  EXPECT_EQ(lane_.connections_max(), 3u);
}

TEST_F(LaneTest, ThrottledWithoutAnyConnectionMeansALittlePause) {
  EXPECT_EQ(ask(), kGo);
  refuse(ReplyClass::kThrottled);
  lane_.end(now_);
  EXPECT_EQ(lane_.closed_until(), now_ + 1min);
  now_ += 1min;
  EXPECT_EQ(ask(), kGo);
  refuse(ReplyClass::kThrottled, 7min);
  EXPECT_EQ(lane_.closed_until(), now_ + 14min) << "the time that it named, twice in a row";
}

TEST_F(LaneTest, SeveralRefusedConnectionsAtTheSameTimeAreOneRefusal) {
  EXPECT_EQ(begin_all(), 4);
  for (int i = 0; i < 4; ++i) refuse(ReplyClass::kBlocked);
  EXPECT_EQ(lane_.closed_until(), now_ + 10min);
}

TEST_F(LaneTest, RecipientsRefusedBecauseOfUsCloseTheLaneWhenNothingElseIsHeard) {
  EXPECT_EQ(ask(), kGo);
  for (int i = 0; i < 4; ++i) lane_.answered(ReplyClass::kBlocked, {}, now_);
  lane_.answered(ReplyClass::kMailboxNotFound, {}, now_);
  for (int i = 0; i < 4; ++i) lane_.answered(ReplyClass::kBlocked, {}, now_);
  EXPECT_FALSE(lane_.closed(now_));
  lane_.answered(ReplyClass::kBlocked, {}, now_);
  EXPECT_TRUE(lane_.closed(now_));
}

TEST_F(LaneTest, LearnsHowManyRecipientsAConnectionTakes) {
  lane_.cut_short(12);
  EXPECT_EQ(lane_.recipients_max(), 12u);
  lane_.cut_short(0);
  EXPECT_EQ(lane_.recipients_max(), 1u);
  lane_.had_enough();
  EXPECT_EQ(lane_.recipients_max(), 2u);
  for (int i = 0; i < 50; ++i) lane_.had_enough();
  EXPECT_EQ(lane_.recipients_max(), 100u);
}

}  // namespace
}  // namespace verihook::verification
