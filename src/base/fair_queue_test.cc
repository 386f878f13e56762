#include "base/fair_queue.h"

#include <vector>

#include <gtest/gtest.h>

namespace verihook {
namespace {

using Queue = FairQueue<int>;

std::vector<int> drain(Queue& queue) {
  std::vector<int> items;
  while (!queue.empty()) items.push_back(queue.pop());
  return items;
}

TEST(FairQueue, ServesOneGroupInTheOrderOfItsComing) {
  Queue queue;
  for (int i = 0; i < 4; ++i) queue.push("acme", "job_1", i);
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(drain(queue), (std::vector{0, 1, 2, 3}));
}

TEST(FairQueue, GivesOwnersTheirTurnWhateverTheyHaveWaiting) {
  Queue queue;
  for (int i = 0; i < 5; ++i) queue.push("large", "job_1", i);
  queue.push("small", "job_2", 100);
  queue.push("small", "job_2", 101);
  EXPECT_EQ(drain(queue), (std::vector{0, 100, 1, 101, 2, 3, 4}));
}

TEST(FairQueue, GivesTheGroupsOfOneOwnerTheirTurnWithinIts) {
  Queue queue;
  for (int i = 0; i < 3; ++i) queue.push("large", "job_1", i);
  for (int i = 10; i < 13; ++i) queue.push("large", "job_2", i);
  for (int i = 100; i < 103; ++i) queue.push("small", "job_3", i);
  EXPECT_EQ(drain(queue), (std::vector{0, 100, 10, 101, 1, 102, 11, 2, 12}));
}

TEST(FairQueue, ForgetsWhoHasNothingLeftAndTakesThemInAgain) {
  Queue queue;
  queue.push("acme", "job_1", 1);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.empty());
  queue.push("acme", "job_1", 2);
  EXPECT_EQ(drain(queue), (std::vector{2}));
}

TEST(FairQueue, ErasesWhereverItStands) {
  Queue queue;
  for (int i = 0; i < 6; ++i) queue.push(i % 2 == 0 ? "even" : "odd", "job", i);
  queue.erase_if([](int item) { return item == 0 || item % 2 == 1; });
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(drain(queue), (std::vector{2, 4}));
}

}  // namespace
}  // namespace verihook
