#include "cli/demo_sample.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "model/verdict.h"

namespace verihook::cli {
namespace {

TEST(DemoSample, HoldsEveryReasonAndNoAddressTwice) {
  const auto addresses = demo_addresses();
  const std::set<std::string> distinct(addresses.begin(), addresses.end());
  EXPECT_EQ(distinct.size(), addresses.size());
  EXPECT_GT(addresses.size(), 20'000u);
  for (int i = 0; i < model::kReasonCount; ++i) {
    const std::string name(model::to_string(static_cast<model::Reason>(i)));
    EXPECT_TRUE(distinct.contains(name + "@sandbox.test")) << name;
  }
}

TEST(DemoSample, HasAddressesThatAreNone) {
  const auto addresses = demo_addresses();
  EXPECT_EQ(
      std::ranges::count_if(
          addresses, [](const std::string& address) { return address.find('@') == address.npos; }),
      1);
}

TEST(DemoSample, LooksLikeAListOfCustomers) {
  const auto addresses = demo_addresses();
  const auto accepted = std::ranges::count_if(addresses, [](const std::string& address) {
    return address.starts_with("accepted_email+customer");
  });
  EXPECT_EQ(accepted, 15'600);
}

}  // namespace
}  // namespace verihook::cli
