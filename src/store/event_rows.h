// The columns of events and deliveries, how a row of them becomes a value, and how a selection of
// them becomes conditions. For store/*.cc only.
#pragma once

#include "model/event.h"
#include "store/connection.h"

// In the order that event_of and delivery_of read them.
#define EVENT_COLUMNS                                                                   \
  "tenant_id, id, type, origin, job_id, source_id, source_name, body, request_headers," \
  " peer, dedup_key, created_at, status, retry_count"
#define DELIVERY_COLUMNS                                                                  \
  "tenant_id, id, event_id, destination_id, job_id, state, attempt_count,"                \
  " next_attempt_at, lease_owner, lease_until, last_status_code, last_error, created_at," \
  " finished_at, replay_id"

namespace verihook::store {

class Select;

model::Event event_of(const Row& row);
model::Delivery delivery_of(const Row& row);

// Conditions on a row of events: all of what is selected but the destination.
void where_event(Select& select, const model::EventSelection& which);
// On a row of deliveries: all of what is selected.
void where_delivery(Select& select, const model::EventSelection& which);
// On a row of deliveries, so that the index of what is undelivered is used.
void where_state(Select& select, model::DeliveryState state);
// On the id of a row whose ids begin with `prefix`: the time alone. An id begins with its time.
void where_made(Select& select, std::string_view prefix, const model::EventSelection& which);

// For LIKE … ESCAPE, wherever the text stands.
std::string like_pattern(std::string_view text);
inline constexpr std::string_view kEscape = " ESCAPE '\\'";

}  // namespace verihook::store
