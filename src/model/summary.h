// Summary: the counts of a job. valid + invalid + risky + unknown = total; the other counters
// overlap that partition. Summaries of chunks add up to the summary of the job.
#pragma once

#include <cstdint>

#include "model/verdict.h"

namespace verihook::model {

struct Summary {
  std::int64_t total = 0;
  std::int64_t valid = 0;
  std::int64_t invalid = 0;
  std::int64_t risky = 0;
  std::int64_t unknown = 0;
  std::int64_t disposable = 0;
  std::int64_t catch_all = 0;
  std::int64_t role = 0;
  std::int64_t free = 0;
  std::int64_t duplicates = 0;

  void count(const Verdict& verdict);
  Summary& operator+=(const Summary& other);
  friend bool operator==(const Summary&, const Summary&) = default;
};

}  // namespace verihook::model
