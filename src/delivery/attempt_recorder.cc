#include "delivery/attempt_recorder.h"

#include <utility>

#include "store/delivery_queue.h"
#include "store/destinations.h"
#include "store/events.h"
#include "webhooks/payload.h"

namespace verihook::delivery {
namespace {

model::Delivery after(const AttemptRecord& record, model::Delivery current,
                      std::string_view node_id) {
  ++current.attempt_count;
  current.last_status_code = record.attempt.status_code;
  current.last_error = record.attempt.error;
  const bool ours =
      current.state == model::DeliveryState::kPending && current.lease_owner == node_id;
  if (!ours && record.decision.verdict != Verdict::kDelivered) return current;
  current.lease_owner.clear();
  current.lease_until = {};
  switch (record.decision.verdict) {
    case Verdict::kDelivered:
      current.state = model::DeliveryState::kDelivered;
      current.finished_at = record.now;
      break;
    case Verdict::kDead:
      current.state = model::DeliveryState::kDead;
      current.finished_at = record.now;
      break;
    case Verdict::kRetry:
      current.next_attempt_at = record.decision.next_attempt_at;
      break;
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

}  // namespace

Result<Recorded> record(store::Connection& db, const Outbox& outbox, const AttemptRecord& record) {
  const model::Delivery& held = record.delivery;
  TRY(current, store::find_delivery(db, held.tenant_id, held.id));
  TRY(last_number, store::last_attempt_number(db, held.tenant_id, held.id));
  const bool was_dead = current.state == model::DeliveryState::kDead;
  Recorded result;
  result.delivery = after(record, std::move(current), outbox.node_id());
  model::Attempt attempt = record.attempt;
  attempt.number = last_number + 1;
  TRY_VOID(store::record_attempt(db, attempt, result.delivery));
  const bool died = !was_dead && result.delivery.state == model::DeliveryState::kDead;
  if (died && !is_operator_event(record.event->type)) {
    TRY(published, announce_dead_letter(db, outbox, record, result.delivery));
    result.announcements.push_back(std::move(published));
  }
  TRY_VOID(change_destination(db, outbox, record, result));
  return result;
}

}  // namespace verihook::delivery
