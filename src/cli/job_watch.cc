#include "cli/job_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/percent.h"
#include "cli/result_view.h"
#include "model/job.h"

namespace verihook::cli {
namespace {

constexpr Milliseconds kPollMin{150};
constexpr Milliseconds kPollMax{2'000};
constexpr int kFailuresMax = 5;            // of polls in a row, a second and more apart
constexpr std::int64_t kPercentStep = 10;  // between two lines without a terminal

}  // namespace

bool is_final_state(std::string_view state) {
  const auto parsed = model::parse_job_state(state);
  return parsed && model::is_final(*parsed);
}

void StatusLine::show(std::string line) {
  if (!terminal_.is_terminal || line == shown_) return;
  write(channel_, fmt::format("\r\x1b[K{}", line));
  shown_ = std::move(line);
}

void StatusLine::clear() {
  if (!shown_.empty()) write(channel_, "\r\x1b[K");
  shown_.clear();
}

void StatusLine::keep() {
  if (!shown_.empty()) write(channel_, "\n");
  shown_.clear();
}

void StatusLine::print(std::string_view text) {
  const std::string line = shown_;
  clear();
  write(channel_, text);
  if (!line.empty()) show(line);
}

void JobWatch::show(const boost::json::object& job) {
  const Progress progress = progress_of(job);
  rate_.note(timers_.clock().monotonic_now(), progress.processed);
  const std::string state = text_of(job, "status");
  if (status_.terminal().is_terminal) {
    // Nothing is known of the length while the list is being taken in.
    if (progress.total == 0) return status_.show(indent_ + state);
    const std::string before = indent_ + (state == "paused" ? "paused  " : "");
    Terminal room = status_.terminal();
    room.width -= static_cast<int>(before.size());
    return status_.show(before + progress_line(room, progress, rate_.per_second()));
  }
  const std::int64_t percent = progress.total == 0 ? 0 : progress.processed * 100 / progress.total;
  if (percent / kPercentStep <= percent_told_ / kPercentStep && percent_told_ >= 0) return;
  percent_told_ = percent;
  status_.print(fmt::format("{}{} {} of {} ({} %)\n", indent_, state,
                            with_thousands(progress.processed), with_thousands(progress.total),
                            percent));
}

Task<Result<boost::json::object>> JobWatch::until_final(std::string job_id) {
  Milliseconds pause = kPollMin;
  int failures = 0;
  std::int64_t last_processed = -1;
  for (;;) {
    auto job = co_await client_.get("/v1/bulk/" + percent_encoded(job_id));
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      co_return fail(Errc::kCancelled, "the watching was interrupted");
    }
    if (!job) {
      // A server that restarts goes on with the job; one that answers "no" does not.
      const Errc code = job.error().code;
      const bool passes = code == Errc::kConnectionRefused || code == Errc::kConnectionLost ||
                          code == Errc::kTimeout;
      if (!passes || ++failures > kFailuresMax) co_return std::unexpected(job.error());
      pause = kPollMax;
    } else {
      failures = 0;
      show(*job);
      if (is_final_state(text_of(*job, "status"))) {
        status_.keep();
        co_return std::move(*job);
      }
      // Often while it moves, rarely while it stands.
      const auto processed = number_of(*job, "processed_count");
      const bool moved = processed != std::exchange(last_processed, processed);
      pause = moved ? kPollMin : std::min(kPollMax, pause * 3 / 2);
    }
    co_await sleep_for(timers_, pause);
    if (cancelled(co_await asio::this_coro::cancellation_state)) {
      co_return fail(Errc::kCancelled, "the watching was interrupted");
    }
  }
}

}  // namespace verihook::cli
