#include "delivery/outcome.h"

#include <array>

#include "delivery/schedule.h"

namespace verihook::delivery {
namespace {

constexpr std::string_view kFailingPrefix = "failing since ";

enum class Answer {
  kSuccess,    // accepted
  kGone,       // 410
  kFailed,     // may pass
  kPermanent,  // will not pass
};

// What each answer does, with a try left in the schedule and without.
struct Row {
  Answer answer;
  Verdict with_tries_left;
  Verdict exhausted;
  bool disables;
};
constexpr std::array<Row, 4> kTable = {{
    {Answer::kSuccess, Verdict::kDelivered, Verdict::kDelivered, false},
    {Answer::kGone, Verdict::kRetry, Verdict::kDead, true},
    {Answer::kFailed, Verdict::kRetry, Verdict::kDead, false},
    {Answer::kPermanent, Verdict::kDead, Verdict::kDead, false},
}};

Answer answer_of(const AttemptResult& result) {
  if (result.success) return Answer::kSuccess;
  if (result.gone) return Answer::kGone;
  return result.retryable ? Answer::kFailed : Answer::kPermanent;
}

}  // namespace

Decision decide(const AttemptResult& result, std::int64_t attempt_number,
                const model::Destination& destination, std::optional<WallTime> failing_since,
                WallTime now, Random& random) {
  const Row& row = kTable[static_cast<std::size_t>(answer_of(result))];
  Decision decision;
  if (row.answer == Answer::kSuccess) {
    decision.verdict = row.with_tries_left;
    return decision;
  }
  const auto next = next_attempt(destination.options.retry_schedule, attempt_number, now,
                                 result.retry_after, random);
  decision.verdict = next ? row.with_tries_left : row.exhausted;
  if (decision.verdict == Verdict::kRetry) decision.next_attempt_at = *next;
  decision.failing_since = failing_since.value_or(now);
  if (row.disables) {
    decision.disable_destination = true;
    decision.disable_reason = "the endpoint answered 410 Gone";
  } else if (now - *decision.failing_since >= kFailingMax) {
    decision.disable_destination = true;
    decision.disable_reason = "every delivery has failed for 5 days";
  }
  return decision;
}

std::string failing_reason(WallTime since) {
  return std::string(kFailingPrefix) + to_iso8601(since);
}

std::optional<WallTime> failing_since_of(const model::Destination& destination) {
  const std::string_view reason = destination.state_reason;
  if (destination.state != model::DestinationState::kActive) return std::nullopt;
  if (!reason.starts_with(kFailingPrefix)) return std::nullopt;
  return parse_iso8601(reason.substr(kFailingPrefix.size()));
}

bool is_operator_event(std::string_view event_type) {
  return event_type == model::event_type::kEndpointDisabled ||
         event_type == model::event_type::kDeliveryDeadLettered ||
         event_type == model::event_type::kSourceRejecting ||
         event_type == model::event_type::kAlertRaised ||
         event_type == model::event_type::kAlertCleared;
}

}  // namespace verihook::delivery
