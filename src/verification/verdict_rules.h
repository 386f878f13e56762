// From a reason to a verdict: the status, the flags, the score and what may be done next, and the
// policies by which a tenant or a job moves a status. A policy moves the status alone; the reason
// stays and says why. The tables stand in verdict_rules.cc and in docs/verdicts.md. Pure.
#pragma once

#include <string_view>

#include "model/job.h"
#include "model/verdict.h"

namespace verihook::verification {

// Gives `verdict` its reason and all that follows from it and from the flags set before.
void settle(model::Verdict& verdict, model::Reason reason, const model::JobOptions& options);

// The verdict on an address that nobody has looked at, and why nobody has.
model::Verdict unseen_verdict(std::string_view email, model::Reason reason,
                              const model::JobOptions& options, WallTime now);

// 0 for invalid, 80–100 for valid, between for the rest.
int score_of(const model::Verdict& verdict);

// Whether asking again later can give another answer.
bool is_retryable(model::Reason reason);

}  // namespace verihook::verification
