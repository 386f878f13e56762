// What a destination that is no HTTP endpoint is told of an event beside its payload: one list for
// all kinds, as fields of a Redis entry, headers of a NATS message or the environment of a command.
// Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/event.h"

namespace verihook::destinations {

// `webhook_id`, `event_type`, `tenant_id`, `created_at`, and where there is one `job_id`, `source`
// (of a received event), `dedup_key` (likewise) and `replay_id`. Values are one line of text each.
std::vector<std::pair<std::string, std::string>> facts_of(const model::Event& event,
                                                          const model::Delivery& delivery);

// The payload as it is handed over: the bytes that a source sent; of a produced event, which is
// stored in part, what this attempt says.
std::string payload_of(const model::Event& event, WallTime attempt_time);

}  // namespace verihook::destinations
