#include "gateway/request_shares.h"

#include <gtest/gtest.h>

namespace verihook::gateway {
namespace {

class RequestSharesTest : public ::testing::Test {
 protected:
  RequestSharesTest() {
    source_.tenant_id = "default";
    source_.id = "src_1";
    source_.name = "door";
  }
  void note(Outcome outcome, int count) {
    for (int i = 0; i < count; ++i) shares_.note(source_, outcome);
  }
  Figure figure() {
    const auto all = shares_.shares();
    return all.empty() ? Figure::kBetween : all.front().figure;
  }

  VirtualClock clock_;
  const AlertLimits limits_;
  RequestShares shares_{clock_, limits_};
  model::Source source_;
};

TEST_F(RequestSharesTest, ASourceThatRefusesMoreThanItsShareIsBad) {
  note(Outcome::kAccepted, 10);
  EXPECT_EQ(figure(), Figure::kGood);
  note(Outcome::kInvalidSignature, 9);
  EXPECT_EQ(figure(), Figure::kBetween);
  note(Outcome::kInvalidSignature, 2);
  ASSERT_EQ(shares_.shares().size(), 1u);
  const auto share = shares_.shares().front();
  EXPECT_EQ(share.figure, Figure::kBad);
  EXPECT_EQ(share.rejected, 11);
  EXPECT_EQ(share.all, 21);
  EXPECT_EQ(share.source_name, "door");
  EXPECT_EQ(share.last_reason, Outcome::kInvalidSignature);
}

TEST_F(RequestSharesTest, FewRefusalsAreNoAlert) {
  note(Outcome::kInvalidSignature, 9);
  EXPECT_EQ(figure(), Figure::kBetween);
  note(Outcome::kInvalidSignature, 1);
  EXPECT_EQ(figure(), Figure::kBad);
}

TEST_F(RequestSharesTest, TheWindowBeforeCountsUntilThereIsMoreToSay) {
  note(Outcome::kForbidden, 20);
  clock_.advance(limits_.window_ms);
  EXPECT_EQ(figure(), Figure::kBad);
  note(Outcome::kDuplicate, 1);
  EXPECT_EQ(figure(), Figure::kGood);
  clock_.advance(limits_.window_ms * 3);
  EXPECT_TRUE(shares_.shares().empty());
}

TEST_F(RequestSharesTest, WhatIsNoFaultOfTheSenderIsNotCounted) {
  note(Outcome::kUnavailable, 50);
  note(Outcome::kTimedOut, 50);
  EXPECT_TRUE(shares_.shares().empty());
}

}  // namespace
}  // namespace verihook::gateway
