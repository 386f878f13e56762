// Repository of events, deliveries, attempts and the ids that were received before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/destination.h"
#include "model/event.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_event(Connection& db, const model::Event& event);
Result<model::Event> find_event(Connection& db, std::string_view tenant_id,
                                std::string_view event_id);

struct EventFilter : model::EventSelection {
  std::optional<model::EventStatus> status;
  std::string before_id;  // cursor, newest first
  std::int64_t limit = 50;
};
Result<std::vector<model::Event>> list_events(Connection& db, std::string_view tenant_id,
                                              const EventFilter& filter);

// Remembers (source, key); false when it was there already, and then nothing changed.
Result<bool> remember_dedup_key(Connection& db, std::string_view source_id, std::string_view key,
                                std::string_view event_id, WallTime now);
// The event under which it is remembered.
Result<std::optional<std::string>> find_dedup_key(Connection& db, std::string_view source_id,
                                                  std::string_view key);
// Whether the source has ever accepted anything, as far back as keys are remembered.
Result<bool> has_dedup_keys(Connection& db, std::string_view source_id);
// Forgets keys older than `before`; at most `limit` rows a call.
Result<std::int64_t> forget_dedup_keys(Connection& db, WallTime before, std::int64_t limit);

Result<void> insert_delivery(Connection& db, const model::Delivery& delivery);
Result<model::Delivery> find_delivery(Connection& db, std::string_view tenant_id,
                                      std::string_view delivery_id);

struct DeliveryFilter : model::EventSelection {
  std::string event_id;
  std::optional<model::DeliveryState> state;
  std::string before_id;
  std::int64_t limit = 50;
};
Result<std::vector<model::Delivery>> list_deliveries(Connection& db, std::string_view tenant_id,
                                                     const DeliveryFilter& filter);

// Writes what an attempt came to: the attempt under the next number of its delivery, the delivery's
// new state, and the event's status as it follows from all of its deliveries.
Result<void> record_attempt(Connection& db, const model::Attempt& attempt,
                            const model::Delivery& delivery);
// The same for a success, whatever the delivery was before, and without having read it. kNotFound,
// and nothing is written, when it does not exist.
Result<void> record_success(Connection& db, const model::Attempt& attempt,
                            std::string_view event_id, WallTime now);
// Updates state, next_attempt_at, lease and counters alone (release, requeue, supersede).
Result<void> update_delivery(Connection& db, const model::Delivery& delivery);
// Older undelivered bulk.progress deliveries of the same job and destination become superseded.
Result<std::int64_t> supersede_progress(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, std::string_view destination_id,
                                        std::string_view newer_event_id, WallTime now);

Result<std::vector<model::Attempt>> list_attempts(Connection& db, std::string_view tenant_id,
                                                  std::string_view delivery_id);

struct DeliveryCounts {
  std::int64_t pending = 0;
  std::int64_t delivered = 0;
  std::int64_t dead = 0;
};
Result<DeliveryCounts> count_deliveries(Connection& db);

// Deliveries of a tenant that were given up.
Result<std::int64_t> count_dead_letters_of(Connection& db, std::string_view tenant_id);
// When the newest events of a source happened, newest first.
Result<std::vector<WallTime>> latest_event_times(Connection& db, std::string_view tenant_id,
                                                 std::string_view source_name, std::int64_t limit);

// Received events by fate, for /metrics/webhooks.
struct ReceivedCounts {
  std::int64_t received = 0;
  std::int64_t processed = 0;
  std::int64_t failed = 0;  // dead
};
Result<ReceivedCounts> count_received(Connection& db);

}  // namespace verihook::store
