#include "jobs/poison.h"

#include <algorithm>
#include <array>

namespace verihook::jobs {
namespace {

// By the number of crashes in a row.
constexpr std::size_t kAll = PoisonHunt::kNoLimit;
constexpr std::array<std::size_t, 11> kRowsMax = {kAll, kAll, kAll, 1'000, 100, 10, 1, 1, 1, 1, 1};
constexpr std::int64_t kCrashesToBlame = kRowsMax.size() - 1;
// The fewest crashes with which a row is alone.
constexpr std::int64_t kCrashesToBeAlone = 6;
constexpr std::int64_t kCrashesToSuspect = 3;
constexpr int kDoneToGrow = 10;

}  // namespace

std::size_t PoisonHunt::rows_max() const {
  return kRowsMax[static_cast<std::size_t>(std::min(crashes_, kCrashesToBlame))];
}

bool PoisonHunt::blames_first_row() const { return crashes_ >= kCrashesToBlame; }

void PoisonHunt::batch_done() {
  if (crashes_ < kCrashesToSuspect) {
    crashes_ = 0;
    return;
  }
  crashes_ = std::min(crashes_, kCrashesToBeAlone);
  if (++done_in_a_row_ < kDoneToGrow) return;
  done_in_a_row_ = 0;
  --crashes_;
  if (crashes_ < kCrashesToSuspect) crashes_ = 0;
}

}  // namespace verihook::jobs
