// The columns of events and deliveries, and how a row of them becomes a value. For store/*.cc only.
#pragma once

#include "model/event.h"
#include "store/connection.h"

// In the order that event_of and delivery_of read them.
#define EVENT_COLUMNS                                                                   \
  "tenant_id, id, type, origin, job_id, source_id, source_name, body, request_headers," \
  " peer, dedup_key, created_at, status, retry_count"
#define DELIVERY_COLUMNS                                                                \
  "v.tenant_id, v.id, v.event_id, v.destination_id, v.state, v.attempt_count,"          \
  " v.next_attempt_at, v.lease_owner, v.lease_until, v.last_status_code, v.last_error," \
  " v.created_at, v.finished_at"

namespace verihook::store {

model::Event event_of(const Row& row);
model::Delivery delivery_of(const Row& row);

}  // namespace verihook::store
