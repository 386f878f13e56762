#include "jobs/parking.h"

#include "verification/sandbox.h"
#include "verification/verdict_rules.h"

namespace verihook::jobs {

model::JobOptions options_of_try(const verification::Patience& patience, model::JobOptions options,
                                 std::int64_t times_parked) {
  if (static_cast<std::size_t>(times_parked) >= patience.delays.size()) {
    options.greylist = model::Greylist::kSkip;
  }
  return options;
}

std::optional<WallTime> ask_again_at(const verification::Patience& patience,
                                     const model::JobOptions& options,
                                     const model::Verdict& verdict, std::int64_t times_parked,
                                     WallTime now) {
  if (options.greylist != model::Greylist::kWait) return std::nullopt;
  if (!verification::asks_for_patience(verdict.reason)) return std::nullopt;
  // It would say so again.
  if (verdict.domain == verification::kSandboxDomain) return std::nullopt;
  const auto times_asked = static_cast<std::size_t>(times_parked) + 1;
  return verification::next_try(patience, times_asked, verdict.retry_after, now);
}

}  // namespace verihook::jobs
