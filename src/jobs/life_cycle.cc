#include "jobs/life_cycle.h"

#include <array>
#include <string>

namespace verihook::jobs {
namespace {

using enum model::JobState;

enum class Answer {
  kDo,        // the job changes
  kAlready,   // it is so already
  kNotYet,    // its list is still being taken in
  kTooLate,   // it has ended
  kNotEnded,  // only for jobs that have
};

struct Row {
  model::JobState state;
  Answer pause;
  Answer resume;
  Answer cancel;
  Answer retry;
};

using enum Answer;
constexpr std::array<Row, 7> kTable = {{
    {kParsing, kNotYet, kNotYet, kNotYet, kNotYet},
    {kQueued, kDo, kAlready, kDo, kNotEnded},
    {kProcessing, kDo, kAlready, kDo, kNotEnded},
    {kPaused, kAlready, kDo, kDo, kNotEnded},
    {kCompleted, kTooLate, kTooLate, kTooLate, kAlready},
    {kFailed, kTooLate, kTooLate, kTooLate, kAlready},
    {kCancelled, kTooLate, kTooLate, kAlready, kAlready},
}};

Answer answer_of(const Row& row, JobAction action) {
  switch (action) {
    case JobAction::kPause:
      return row.pause;
    case JobAction::kResume:
      return row.resume;
    case JobAction::kCancel:
      return row.cancel;
    case JobAction::kRetry:
      return row.retry;
  }
  return kTooLate;
}

model::JobState target(const model::Job& job, JobAction action) {
  if (action == JobAction::kPause) return kPaused;
  if (action == JobAction::kCancel) return kCancelled;
  return job.started_at ? kProcessing : kQueued;
}

}  // namespace

Result<std::optional<model::JobState>> state_after(const model::Job& job, JobAction action) {
  const std::string state(model::to_string(job.state));
  for (const Row& row : kTable) {
    if (row.state != job.state) continue;
    switch (answer_of(row, action)) {
      case kDo:
        return target(job, action);
      case kAlready:
        return std::nullopt;
      case kNotYet:
        return fail(Errc::kConflict, "the job's list is still being taken in; wait for its 202");
      case kNotEnded:
        return fail(Errc::kConflict, "the job is " + state + "; wait for its end or cancel it");
      case kTooLate:
        break;
    }
  }
  return fail(Errc::kConflict, "the job is " + state + " already; retry makes a new job of it");
}

}  // namespace verihook::jobs
