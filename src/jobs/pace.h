// Pace: how fast a job is being worked through now, from what was stored in the last minute, so
// that an estimate follows what is happening: a pause, a slow provider, a second node. Nothing is
// said until there are two points to draw a line through. Pure; lives on the io thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace verihook::jobs {

class Pace {
 public:
  // A job has so many rows with a result. A count below the last one is ignored.
  void note(const std::string& job_id, std::int64_t processed_count, WallTime now);
  // Rows a millisecond, above 0.
  std::optional<double> rows_per_ms(const std::string& job_id, WallTime now) const;
  // The job stands still or has ended.
  void forget(const std::string& job_id) { jobs_.erase(job_id); }

 private:
  struct Point {
    WallTime at{};
    std::int64_t processed_count = 0;
  };
  std::map<std::string, std::deque<Point>> jobs_;
};

}  // namespace verihook::jobs
