// For tests: what a conversation says about some recipients, in their order.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "smtp/client.h"

namespace verihook::smtp {

inline Task<std::vector<RecipientOutcome>> ask_all(Conversation& conversation,
                                                   std::vector<std::string> recipients,
                                                   Deadline deadline = Deadline::never()) {
  std::vector<RecipientOutcome> outcomes(recipients.size());
  const auto on_outcome = [&](RecipientOutcome&& one) { outcomes.at(one.index) = std::move(one); };
  co_await conversation.ask(std::move(recipients), deadline, on_outcome);
  co_return outcomes;
}

}  // namespace verihook::smtp
