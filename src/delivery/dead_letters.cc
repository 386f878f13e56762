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
  return make_due(db, std::move(delivery), now, true);
}

Result<model::Delivery> retry_now(store::Connection& db, std::string_view tenant_id,
                                  std::string_view delivery_id, WallTime now) {
  TRY(delivery, store::find_delivery(db, tenant_id, delivery_id));
  const bool waiting = delivery.state == model::DeliveryState::kPending;
  return make_due(db, std::move(delivery), now, !waiting);
}

}  // namespace verihook::delivery
