// Progress of a job for people: a bar with percent, rate, time left and the counts so far. Pure:
// time is handed in.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "cli/terminal.h"

namespace verihook::cli {

struct Progress {
  std::int64_t processed = 0;
  std::int64_t total = 0;
  std::int64_t valid = 0;
  std::int64_t invalid = 0;
  std::int64_t risky = 0;
  std::int64_t unknown = 0;
};

// How fast it goes, over the last while: what lies longer back says little about what comes.
class RateMeter {
 public:
  void note(MonotonicTime now, std::int64_t processed);
  // Rows a second; nothing before there is something to tell.
  std::optional<double> per_second() const;

 private:
  struct Sample {
    MonotonicTime at;
    std::int64_t processed;
  };
  std::deque<Sample> samples_;
};

// One line, without a line end, no wider than the terminal; parts that do not fit are left out, the
// least needed first. `rate` in rows a second.
std::string progress_line(const Terminal& terminal, const Progress& progress,
                          std::optional<double> rate);

}  // namespace verihook::cli
