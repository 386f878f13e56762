#include "delivery/dead_letters.h"

#include "store/events.h"

namespace verihook::delivery {
namespace {

Result<model::Delivery> make_due(store::Connection& db, model::Delivery delivery, WallTime now,
                                 bool reset_tries) {
  if (delivery.state == model::DeliveryState::kCancelled) {
    return fail(Errc::kConflict,
                "the destination of this delivery was deleted; replay the event to another one");
  }
  // While an attempt may be running its outcome decides; the row is not changed under it.
  if (!delivery.lease_owner.empty() && delivery.lease_until > now) return delivery;
  if (reset_tries) delivery.attempt_count = 0;
  delivery.state = model::DeliveryState::kPending;
  delivery.next_attempt_at = now;
  delivery.lease_owner.clear();
  delivery.lease_until = {};
  delivery.finished_at.reset();
  TRY_VOID(store::update_delivery(db, delivery));
  return delivery;
}

}  // namespace

Result<model::Delivery> requeue(store::Connection& db, std::string_view tenant_id,
                                std::string_view delivery_id, WallTime now) {
  TRY(delivery, store::find_delivery(db, tenant_id, delivery_id));
  delivery.replay_id.clear();  // whoever asks for this one wants it now
  return make_due(db, std::move(delivery), now, true);
}

Result<void> requeue_for_replay(store::Connection& db, model::Delivery dead_letter,
                                std::string_view replay_id, WallTime now) {
  dead_letter.replay_id = replay_id;
  TRY_VOID(make_due(db, std::move(dead_letter), now, true));
  return {};
}

Result<model::Delivery> retry_now(store::Connection& db, std::string_view tenant_id,
                                  std::string_view delivery_id, WallTime now) {
  TRY(delivery, store::find_delivery(db, tenant_id, delivery_id));
  delivery.replay_id.clear();
  const bool waiting = delivery.state == model::DeliveryState::kPending;
  return make_due(db, std::move(delivery), now, !waiting);
}

Result<RequeuedSlice> requeue_slice(store::Connection& db, std::string_view tenant_id,
                                    const model::EventSelection& which, std::string_view cursor,
                                    std::int64_t limit, WallTime now) {
  store::DeliveryFilter filter;
  static_cast<model::EventSelection&>(filter) = which;
  filter.state = model::DeliveryState::kDead;
  filter.before_id = cursor;
  filter.limit = limit;
  TRY(found, store::list_deliveries(db, tenant_id, filter));
  RequeuedSlice slice;
  slice.count = std::ssize(found);
  if (slice.count == limit) slice.cursor = found.back().id;
  for (model::Delivery& delivery : found) {
    slice.destinations.insert(delivery.destination_id);
    delivery.replay_id.clear();
    TRY_VOID(make_due(db, std::move(delivery), now, true));
  }
  return slice;
}

}  // namespace verihook::delivery
