#include "delivery/attempt_recorder.h"

#include <utility>

#include "store/destinations.h"
#include "store/events.h"
#include "webhooks/payload.h"

namespace verihook::delivery {
namespace {

// The delivery after a failure.
model::Delivery after(const AttemptRecord& record, model::Delivery current,
                      std::string_view node_id) {
  ++current.attempt_count;
  current.last_status_code = record.attempt.status_code;
  current.last_error = record.attempt.error;
  const bool ours =
      current.state == model::DeliveryState::kPending && current.lease_owner == node_id;
  if (!ours) return current;
  current.lease_owner.clear();
  current.lease_until = {};
  if (record.decision.verdict == Verdict::kDead) {
    current.state = model::DeliveryState::kDead;
    current.finished_at = record.now;
  } else {
    current.next_attempt_at = record.decision.next_attempt_at;
  }
  return current;
}

model::Event announcement(const AttemptRecord& record, std::string_view type, std::string tail) {
  model::Event event;
  event.tenant_id = record.delivery.tenant_id;
  event.type = type;
  event.job_id = record.event->job_id;
  event.body = std::move(tail);
  event.created_at = record.now;
  return event;
}

Result<Published> announce_dead_letter(store::Connection& db, const Outbox& outbox,
                                       const AttemptRecord& record,
                                       const model::Delivery& delivery) {
  webhooks::DeliveryDeadLettered payload;
  payload.delivery_id = delivery.id;
  payload.endpoint_id = delivery.destination_id;
  payload.failed_event_id = delivery.event_id;
  payload.failed_event_type = record.event->type;
  payload.attempt_count = delivery.attempt_count;
  if (delivery.last_status_code != 0) payload.last_status_code = delivery.last_status_code;
  payload.last_error = delivery.last_error;
  payload.created_at = record.now;
  return outbox.publish(db, announcement(record, model::event_type::kDeliveryDeadLettered,
                                         webhooks::tail_of(payload)));
}

Result<Published> announce_disabled(store::Connection& db, const Outbox& outbox,
                                    const AttemptRecord& record,
                                    const model::Destination& destination) {
  webhooks::EndpointDisabled payload;
  payload.endpoint_id = destination.id;
  payload.url = destination.url;
  payload.disabled_reason = destination.state_reason;
  payload.created_at = record.now;
  model::Event event =
      announcement(record, model::event_type::kEndpointDisabled, webhooks::tail_of(payload));
  event.job_id.clear();  // it is about the endpoint, not about a job
  return outbox.publish(db, std::move(event));
}

Result<void> change_destination(store::Connection& db, const Outbox& outbox,
                                const AttemptRecord& record, Recorded& result) {
  if (!record.decision.disable_destination && record.failing_note == FailingNote::kKeep) return {};
  auto found =
      store::find_destination(db, record.delivery.tenant_id, record.delivery.destination_id);
  if (!found) {
    if (found.error().code == Errc::kNotFound) return {};
    return std::unexpected(found.error());
  }
  model::Destination& destination = *found;
  // Its owner has paused it, or it was disabled before: that stands.
  if (destination.state != model::DestinationState::kActive) return {};
  if (record.decision.disable_destination) {
    destination.state = model::DestinationState::kDisabled;
    destination.state_reason = record.decision.disable_reason;
    destination.updated_at = record.now;
  } else if (record.failing_note == FailingNote::kWrite) {
    destination.state_reason = failing_reason(record.decision.failing_since.value_or(record.now));
  } else {
    if (!failing_since_of(destination)) return {};
    destination.state_reason.clear();
  }
  TRY_VOID(store::update_destination(db, destination));
  if (record.decision.disable_destination) {
    TRY(published, announce_disabled(db, outbox, record, destination));
    result.announcements.push_back(std::move(published));
  }
  result.changed_destination = std::make_shared<const model::Destination>(std::move(destination));
  return {};
}

Result<void> record_failure(store::Connection& db, const Outbox& outbox,
                            const AttemptRecord& record, Recorded& result) {
  TRY(current, store::find_delivery(db, record.delivery.tenant_id, record.delivery.id));
  const bool was_dead = current.state == model::DeliveryState::kDead;
  model::Delivery next = after(record, std::move(current), outbox.node_id());
  TRY_VOID(store::record_attempt(db, record.attempt, next));
  result.state = next.state;
  result.next_attempt_at = next.next_attempt_at;
  const bool died = !was_dead && next.state == model::DeliveryState::kDead;
  if (died && !is_operator_event(record.event->type)) {
    TRY(published, announce_dead_letter(db, outbox, record, next));
    result.announcements.push_back(std::move(published));
  }
  return {};
}

}  // namespace

Result<Recorded> record(store::Connection& db, const Outbox& outbox, const AttemptRecord& record) {
  Recorded result;
  if (record.decision.verdict == Verdict::kDelivered) {
    result.state = model::DeliveryState::kDelivered;
    TRY_VOID(store::record_success(db, record.attempt, record.delivery.event_id, record.now));
  } else {
    TRY_VOID(record_failure(db, outbox, record, result));
  }
  TRY_VOID(change_destination(db, outbox, record, result));
  return result;
}

Task<std::vector<Result<Recorded>>> record_all(store::Database& database, const Outbox& outbox,
                                               std::span<const AttemptRecord> records) {
  using Outcomes = std::vector<Result<Recorded>>;
  const auto together = [&](store::Connection& db) -> Result<Outcomes> {
    Outcomes outcomes;
    outcomes.reserve(records.size());
    for (const AttemptRecord& one : records) {
      outcomes.push_back(record(db, outbox, one));
      // Of a delivery that does not exist any more nothing has been written.
      const auto& outcome = outcomes.back();
      if (!outcome && outcome.error().code != Errc::kNotFound) {
        return std::unexpected(outcome.error());
      }
    }
    return outcomes;
  };
  auto written = co_await database.write(together);
  if (written) co_return std::move(*written);
  Outcomes outcomes;
  const bool of_storage = written.error().code == Errc::kStorageFull ||
                          written.error().code == Errc::kStorageFailed ||
                          written.error().code == Errc::kBusy;
  for (const AttemptRecord& one : records) {
    if (of_storage || records.size() == 1) {
      outcomes.emplace_back(std::unexpected(written.error()));
      continue;
    }
    const auto alone = [&](store::Connection& db) { return record(db, outbox, one); };
    outcomes.push_back(co_await database.write(alone));
  }
  co_return outcomes;
}

}  // namespace verihook::delivery
