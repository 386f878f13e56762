#include "crypto/system_random.h"

#include <array>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace verihook::crypto {
namespace {

TEST(SystemRandom, GivesDifferentBytesToManyThreads) {
  SystemRandom random;
  std::array<std::array<std::uint64_t, 500>, 4> drawn{};
  {
    std::vector<std::jthread> threads;
    for (auto& numbers : drawn) {
      threads.emplace_back([&] {
        for (std::uint64_t& number : numbers) number = random.next_u64();
      });
    }
  }
  std::set<std::uint64_t> distinct;
  for (const auto& numbers : drawn) distinct.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(distinct.size(), 2000U);
}

TEST(SystemRandom, FillsNothingWhenAskedForNothing) {
  SystemRandom random;
  random.fill({});
}

}  // namespace
}  // namespace verihook::crypto
