// The columns of events and deliveries, and how a row of them becomes a value. For store/*.cc only.
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
  " finished_at"

namespace verihook::store {

model::Event event_of(const Row& row);
model::Delivery delivery_of(const Row& row);

}  // namespace verihook::store
