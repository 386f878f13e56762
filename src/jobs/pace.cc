#include "jobs/pace.h"

namespace verihook::jobs {
namespace {

constexpr Milliseconds kWindow{60'000};
// Chunks of a fast job end every few milliseconds; more points say nothing more.
constexpr Milliseconds kBetweenPointsMin{250};

}  // namespace

void Pace::note(const std::string& job_id, std::int64_t processed_count, WallTime now) {
  std::deque<Point>& points = jobs_[job_id];
  if (!points.empty()) {
    if (processed_count < points.back().processed_count) return;
    if (points.size() > 1 && now - points.back().at < kBetweenPointsMin) {
      points.back().processed_count = processed_count;
      return;
    }
  }
  points.push_back({now, processed_count});
  // One point from before the window stays: the line is drawn over the whole of it.
  while (points.size() > 2 && now - points[1].at >= kWindow) points.pop_front();
}

std::optional<double> Pace::rows_per_ms(const std::string& job_id, WallTime now) const {
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end() || found->second.size() < 2) return std::nullopt;
  const Point& first = found->second.front();
  const Point& last = found->second.back();
  // Time without news counts: a job that has come to a stop looks ever slower.
  const auto spent = std::max(last.at, now) - first.at;
  const std::int64_t rows = last.processed_count - first.processed_count;
  if (rows <= 0 || spent <= WallTime::duration::zero()) return std::nullopt;
  return static_cast<double>(rows) /
         static_cast<double>(std::chrono::duration_cast<Milliseconds>(spent).count() + 1);
}

}  // namespace verihook::jobs
