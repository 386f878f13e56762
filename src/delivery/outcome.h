// What an attempt came to, and what follows from it: one decision table from the answer, the
// delivery and its destination to the delivery's next state. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "model/destination.h"
#include "model/event.h"

namespace verihook::delivery {

// A destination that has failed everything for this long is disabled.
inline constexpr Milliseconds kFailingMax = std::chrono::hours{24 * 5};

struct AttemptResult {
  bool success = false;
  int status_code = 0;      // 0: no answer
  std::string error_class;  // empty on success; else an Errc name or "http_status"
  std::string error;        // one sentence, empty on success
  double latency_ms = 0;
  model::AttemptPhases phases;
  std::string response_head;                // first 4 KiB, text
  std::optional<Milliseconds> retry_after;  // the receiver's hint
  bool retryable = true;                    // false: the same would come of trying again
  bool gone = false;                        // 410: the destination wants no more of this
};

enum class Verdict {
  kDelivered,  // accepted
  kRetry,      // tried again at `next_attempt_at`
  kDead,       // given up: a dead letter
};

struct Decision {
  Verdict verdict = Verdict::kRetry;
  WallTime next_attempt_at{};  // of kRetry
  bool disable_destination = false;
  std::string disable_reason;             // one sentence, with disable_destination
  std::optional<WallTime> failing_since;  // of the destination, from now on
};

// `attempt_number` counts from 1 since the delivery was made or requeued; `failing_since` is when
// the destination's present row of failures began, if it is in one.
Decision decide(const AttemptResult& result, std::int64_t attempt_number,
                const model::Destination& destination, std::optional<WallTime> failing_since,
                WallTime now, Random& random);

// The row of failures is kept in the destination's state_reason while it is active, so that it
// survives a restart: "failing since 2026-01-15T10:30:00.000Z".
std::string failing_reason(WallTime since);
std::optional<WallTime> failing_since_of(const model::Destination& destination);

// Events about the program's own work: a dead letter among them makes no further event.
bool is_operator_event(std::string_view event_type);

}  // namespace verihook::delivery
