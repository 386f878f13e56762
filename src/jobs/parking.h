// Parking: what becomes of an address whose server said "later", or that must not be looked at any
// more. Shared by the rows of jobs and by verifications of one address. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/job.h"
#include "model/verdict.h"
#include "verification/patience.h"

namespace verihook::jobs {

// The options of the try that follows `times_parked` such answers: the last time, what can be said
// without waiting any longer is asked for.
model::JobOptions options_of_try(const verification::Patience& patience, model::JobOptions options,
                                 std::int64_t times_parked);

// When to ask again instead of taking `verdict` for the answer; nothing when it is the answer.
std::optional<WallTime> ask_again_at(const verification::Patience& patience,
                                     const model::JobOptions& options,
                                     const model::Verdict& verdict, std::int64_t times_parked,
                                     WallTime now);

}  // namespace verihook::jobs
