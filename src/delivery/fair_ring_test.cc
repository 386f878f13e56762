#include "delivery/fair_ring.h"

#include <gtest/gtest.h>

namespace verihook::delivery {
namespace {

using Ring = FairRing<std::string>;

TEST(FairRing, TenantsTakeTurnsAndSoDoTheirMembers) {
  std::string a1 = "a1", a2 = "a2", a3 = "a3", b1 = "b1";
  Ring ring;
  for (std::string* member : {&a1, &a2, &a3}) ring.add("a", member);
  ring.add("b", &b1);
  std::vector<std::string> order;
  for (int i = 0; i < 8; ++i) {
    std::string* next = ring.take_next([](const std::string&) { return true; });
    ASSERT_NE(next, nullptr);
    order.push_back(*next);
    ring.add(next->substr(0, 1), next);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"a1", "b1", "a2", "b1", "a3", "b1", "a1", "b1"}));
}

TEST(FairRing, PassesOverTenantsThatMayNotGo) {
  std::string a = "a", b = "b";
  Ring ring;
  ring.add("a", &a);
  ring.add("b", &b);
  const auto not_a = [](const std::string& tenant) { return tenant != "a"; };
  EXPECT_EQ(ring.take_next(not_a), &b);
  EXPECT_EQ(ring.take_next(not_a), nullptr);
  EXPECT_EQ(ring.size(), 1u);
  ring.remove("a", &a);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.take_next([](const std::string&) { return true; }), nullptr);
}

}  // namespace
}  // namespace verihook::delivery
