#include "delivery/outbox.h"

#include <algorithm>
#include <utility>

#include "store/delivery_queue.h"
#include "store/destinations.h"
#include "store/events.h"
#include "webhooks/event_match.h"

namespace verihook::delivery {

bool wants(const model::Destination& destination, const model::Event& event) {
  if (event.origin == model::EventOrigin::kProduced) {
    if (!destination.sources.empty()) return false;
  } else if (std::ranges::find(destination.sources, event.source_name) ==
             destination.sources.end()) {
    return false;
  }
  if (!destination.job_id.empty() && destination.job_id != event.job_id) return false;
  if (!webhooks::event_matches(event.type, destination.events)) return false;
  const std::string& filter = destination.options.metadata_filter;
  if (event.origin == model::EventOrigin::kReceived) {
    return webhooks::metadata_matches(event.body, filter);
  }
  // The tail of a payload (webhooks/payload.h), without its braces.
  return filter == "{}" || webhooks::metadata_matches("{" + event.body + "}", filter);
}

bool supersedes_older(const model::Event& event) {
  return event.type == model::event_type::kBulkProgress &&
         event.origin == model::EventOrigin::kProduced;
}

Outbox::Outbox(const Clock& clock, Random& random, std::string node_id)
    : clock_(clock), ids_(clock, random), node_id_(std::move(node_id)) {}

Result<Published> Outbox::publish(store::Connection& db, model::Event event) const {
  TRY(all, store::destinations_of_tenant(db, event.tenant_id));
  Destinations wanting;
  for (const auto& destination : *all) {
    if (wants(*destination, event)) wanting.push_back(destination);
  }
  // Jobs of other people, in events that were received, have no destinations of their own here.
  if (event.origin == model::EventOrigin::kProduced && !event.job_id.empty()) {
    TRY(of_job, store::destinations_of_job(db, event.tenant_id, event.job_id));
    for (model::Destination& destination : of_job) {
      if (!wants(destination, event)) continue;
      wanting.push_back(std::make_shared<const model::Destination>(std::move(destination)));
    }
  }
  return insert(db, std::move(event), wanting);
}

Result<Published> Outbox::publish_to(store::Connection& db, model::Event event,
                                     const model::Destination& destination) const {
  return insert(db, std::move(event), {std::make_shared<const model::Destination>(destination)});
}

Result<model::Delivery> Outbox::deliver_again(store::Connection& db, const model::Event& event,
                                              const model::Destination& destination,
                                              std::string_view replay_id) const {
  return insert_for(db, event, destination, replay_id);
}

Result<Published> Outbox::insert(store::Connection& db, model::Event event,
                                 const Destinations& wanting) const {
  if (event.id.empty()) event.id = ids_.make(id_prefix::kEvent);
  if (event.created_at == WallTime{}) event.created_at = clock_.wall_now();
  event.status = wanting.empty() ? model::EventStatus::kProcessed : model::EventStatus::kPending;
  TRY_VOID(store::insert_event(db, event));
  Published published;
  for (const auto& destination : wanting) {
    TRY(delivery, insert_for(db, event, *destination));
    published.deliveries.push_back({std::move(delivery), destination});
  }
  published.event = std::make_shared<const model::Event>(std::move(event));
  return published;
}

Result<model::Delivery> Outbox::insert_for(store::Connection& db, const model::Event& event,
                                           const model::Destination& destination,
                                           std::string_view replay_id) const {
  const WallTime now = clock_.wall_now();
  const bool is_new = replay_id.empty();
  if (is_new && supersedes_older(event)) {
    TRY_VOID(store::supersede_progress(db, event.tenant_id, event.job_id, destination.id, event.id,
                                       now));
  }
  model::Delivery delivery;
  delivery.tenant_id = event.tenant_id;
  delivery.id = ids_.make(id_prefix::kDelivery);
  delivery.event_id = event.id;
  delivery.destination_id = destination.id;
  delivery.job_id = event.job_id;
  delivery.replay_id = replay_id;
  delivery.created_at = now;
  delivery.next_attempt_at = now;
  bool first_in_line = true;
  if (destination.options.ordered && !event.job_id.empty()) {
    TRY(newest, store::newest_pending_of_job(db, event.tenant_id, destination.id, event.job_id));
    if (newest) {
      // Behind the others, however quickly events follow one another.
      first_in_line = false;
      delivery.created_at = std::max(now, *newest + Milliseconds{1});
    }
  }
  if (is_new && first_in_line && destination.state == model::DestinationState::kActive) {
    delivery.lease_owner = node_id_;
    delivery.lease_until = now + kLeaseTime;
  }
  TRY_VOID(store::insert_delivery(db, delivery));
  return delivery;
}

}  // namespace verihook::delivery
