// Patience: when to ask again after a server said "later" (greylisting, too many of us). Servers
// that greylist want to see the same client, sender and recipient after a delay that some of them
// name and others keep to themselves. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/verdict.h"

namespace verihook::verification {

struct Patience {
  // After the first, second, … answer of this kind; when there are no more, the answer stands.
  std::vector<Milliseconds> delays = {Milliseconds{6 * 60'000}, Milliseconds{20 * 60'000},
                                      Milliseconds{75 * 60'000}};
};

// Whether asking again later is likely to get another answer.
bool asks_for_patience(model::Reason reason);

// When to ask again after `times_asked` (from 1) such answers: after the delay that the server
// named and a fifth more, at most six hours, else by the list. Nothing when it has been asked
// often enough.
std::optional<WallTime> next_try(const Patience& patience, std::size_t times_asked,
                                 std::optional<WallTime> named, WallTime now);

}  // namespace verihook::verification
