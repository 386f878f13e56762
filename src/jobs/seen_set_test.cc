#include "jobs/seen_set.h"

#include <set>

#include <gmock/gmock.h>

namespace verihook::jobs {
namespace {

using ::testing::HasSubstr;

// The rows that are kept of a list, by what the set says of each and in the end.
std::vector<std::string> kept(const std::vector<std::string>& list, SeenSetLimits limits) {
  SeenSet seen(limits);
  std::vector<std::string> rows;
  for (const std::string& text : list) {
    const auto is_new = seen.insert(text);
    EXPECT_TRUE(is_new) << is_new.error().message;
    if (is_new && *is_new) rows.push_back(text);
  }
  const auto repeated = seen.resolve();
  EXPECT_TRUE(repeated);
  EXPECT_EQ(repeated->size(), rows.size());
  std::size_t place = 0;
  std::erase_if(rows, [&](const std::string&) { return (*repeated)[place++]; });
  return rows;
}

std::vector<std::string> list_with_repetitions(std::size_t rows) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < rows; ++i) list.push_back(std::to_string(i * i % 30'011));
  return list;
}

TEST(SeenSet, KeepsTheFirstOfEachTextInOrderWhereverTheMemoryEnds) {
  const auto list = list_with_repetitions(20'000);
  std::vector<std::string> expected;
  std::set<std::string> known;
  for (const std::string& text : list) {
    if (known.insert(text).second) expected.push_back(text);
  }
  ASSERT_LT(expected.size(), list.size());
  for (const std::size_t in_memory : {0, 1, 1'000, 9'999, 1'000'000}) {
    EXPECT_EQ(kept(list, {.entries_in_memory_max = in_memory}), expected) << in_memory;
  }
}

TEST(SeenSet, IsDecidedAtOnceAsLongAsItIsInMemory) {
  SeenSet seen({.entries_in_memory_max = 2});
  EXPECT_EQ(seen.insert("a"), true);
  EXPECT_EQ(seen.insert("a"), false);
  EXPECT_EQ(seen.insert("b"), true);
  EXPECT_FALSE(seen.is_undecided());
  EXPECT_EQ(seen.insert("a"), true);
  EXPECT_TRUE(seen.is_undecided());
  EXPECT_EQ(seen.resolve(), (std::vector<bool>{false, false, true}));
}

TEST(SeenSet, SaysWhereItsFileCannotBeMade) {
  SeenSet seen({.entries_in_memory_max = 0, .spill_folder = "/nonexistent"});
  const auto inserted = seen.insert("a");
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().code, Errc::kStorageFailed);
  EXPECT_THAT(inserted.error().message, HasSubstr("/nonexistent"));
}

}  // namespace
}  // namespace verihook::jobs
