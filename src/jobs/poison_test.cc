#include "jobs/poison.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace verihook::jobs {
namespace {

// A chunk of `rows` rows that is worked through as ChunkWorker does, in a world where some rows
// crash the program and where it is also killed by chance.
struct Outcome {
  std::set<std::size_t> blamed;
  int crashes = 0;
};

Outcome work_through(std::size_t rows, const std::set<std::size_t>& poisoned, double killed,
                     std::uint64_t seed) {
  SeededRandom random(seed);
  Outcome outcome;
  std::size_t next = 0;
  std::int64_t leases = 0;
  while (next < rows) {
    PoisonHunt hunt(++leases);
    bool crashed = false;
    while (next < rows && !crashed) {
      if (hunt.blames_first_row()) {
        outcome.blamed.insert(next++);
      } else {
        const std::size_t end = next + std::min(hunt.rows_max(), rows - next);
        const auto bad = poisoned.lower_bound(next);
        crashed = (bad != poisoned.end() && *bad < end) || random.chance(killed);
        if (crashed) break;
        next = end;
      }
      hunt.batch_done();
      leases = hunt.leases();
    }
    outcome.crashes += crashed;
    if (outcome.crashes > 10'000) ADD_FAILURE() << "the hunt does not end";
    if (outcome.crashes > 10'000) return outcome;
  }
  return outcome;
}

TEST(PoisonHunt, WorksOnEverythingAtOnceWhileNothingIsSuspected) {
  for (const std::int64_t leases : {0, 1, 2, 3}) {
    const PoisonHunt hunt(leases);
    EXPECT_FALSE(hunt.suspects()) << leases;
    EXPECT_EQ(hunt.rows_max(), PoisonHunt::kNoLimit);
    EXPECT_FALSE(hunt.blames_first_row());
    EXPECT_EQ(hunt.in_a_hurry(), leases > 1);
  }
}

TEST(PoisonHunt, ForgetsEarlierCrashesOnceResultsAreStored) {
  PoisonHunt hunt(3);
  hunt.batch_done();
  EXPECT_EQ(hunt.leases(), 1);
}

TEST(PoisonHunt, BlamesThePoisonedRowWhereverItStandsAndNoOther) {
  for (const std::size_t at : {0u, 1u, 9u, 10u, 99u, 1'234u, 5'000u, 9'998u, 9'999u}) {
    const Outcome outcome = work_through(10'000, {at}, 0, 1);
    EXPECT_EQ(outcome.blamed, std::set<std::size_t>{at});
    EXPECT_LE(outcome.crashes, 10);
  }
}

TEST(PoisonHunt, BlamesEachOfSeveral) {
  const std::set<std::size_t> poisoned = {3, 4, 700, 701, 4'444, 9'999};
  const Outcome outcome = work_through(10'000, poisoned, 0, 1);
  EXPECT_EQ(outcome.blamed, poisoned);
  EXPECT_LE(outcome.crashes, 60);
}

// A node that is killed again and again meets the same row alone by chance.
TEST(PoisonHunt, BlamesARowAfterFourCrashesAloneAndNotBefore) {
  for (std::int64_t leases = 7; leases <= 10; ++leases) {
    const PoisonHunt hunt(leases);
    EXPECT_EQ(hunt.rows_max(), 1u);
    EXPECT_FALSE(hunt.blames_first_row()) << leases;
  }
  EXPECT_TRUE(PoisonHunt(11).blames_first_row());
}

TEST(PoisonHunt, DoesNotBlameWhenTheNodeIsKilledNowAndThen) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    EXPECT_TRUE(work_through(10'000, {}, 0.1, seed).blamed.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace verihook::jobs
