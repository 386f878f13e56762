// Which failures of processing can pass by themselves: network, time-outs, 5xx, a store that has
// too much to do. Those are tried again on the schedule; anything else would fail the same way and
// goes to the dead letters at once. One table for errors, one for statuses. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "delivery/outcome.h"

namespace verihook::destinations {

bool is_retryable(Errc code);
bool is_retryable_status(unsigned status);

// The error that stands for a status which is no success: kBusy when it can pass, else kForbidden.
Errc errc_of_status(unsigned status);

delivery::AttemptResult failed(const Error& error);
// `what` was asked for, e.g. "the download".
delivery::AttemptResult failed_with_status(std::string_view what, unsigned status,
                                           std::optional<Milliseconds> retry_after);

}  // namespace verihook::destinations
