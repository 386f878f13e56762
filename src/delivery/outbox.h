// Outbox: where an event becomes deliveries. It runs INSIDE the store write that stores what
// happened, so that neither exists without the other: it inserts the event, finds the destinations
// that want it and inserts one delivery for each, leased to this node already, so that the
// dispatcher of this node can start without reading. What it returns is handed to Dispatcher::take
// once the write has been acknowledged, and must be thrown away when it was not.
//
// Crosses threads: what changes of it changes inside a store write, and those come one at a time;
// the Random must be safe to share.
// Fails as the store fails; then nothing of the event is left, because the write is undone as a
// whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "model/destination.h"
#include "model/event.h"
#include "store/connection.h"

namespace verihook::delivery {

// How long a node may keep a delivery without renewing its lease.
inline constexpr Milliseconds kLeaseTime{60'000};

struct PublishedDelivery {
  model::Delivery delivery;  // leased to this node unless lease_owner is empty
  std::shared_ptr<const model::Destination> destination;
};

struct Published {
  std::shared_ptr<const model::Event> event;
  std::vector<PublishedDelivery> deliveries;
};

class Outbox {
 public:
  // Both must outlive the outbox.
  Outbox(const Clock& clock, Random& random, std::string node_id);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Tells every destination of the tenant that wants the event. An empty id and a zero created_at
  // are filled in. An event that nobody wants is stored as processed.
  Result<Published> publish(store::Connection& db, model::Event event) const;

  // Tells this destination alone, whatever its filters say: `webhook.test`.
  Result<Published> publish_to(store::Connection& db, model::Event event,
                               const model::Destination& destination) const;

  // One more delivery of an event that is stored already, for a replay. It is left to the store, to
  // be taken when its turn comes. Of the event only what routes it is read.
  Result<model::Delivery> deliver_again(store::Connection& db, const model::Event& event,
                                        const model::Destination& destination,
                                        std::string_view replay_id) const;

  const std::string& node_id() const { return node_id_; }

 private:
  using Destinations = std::vector<std::shared_ptr<const model::Destination>>;

  Result<Published> insert(store::Connection& db, model::Event event,
                           const Destinations& wanting) const;
  Result<model::Delivery> insert_for(store::Connection& db, const model::Event& event,
                                     const model::Destination& destination,
                                     std::string_view replay_id = {}) const;

  const Clock& clock_;
  mutable IdMaker ids_;  // in the course of a write only
  const std::string node_id_;
};

// Whether the destination's filters let the event through.
bool wants(const model::Destination& destination, const model::Event& event);

// Whether older undelivered events of its kind and job are pointless beside this one: our own
// progress. What a source sent is handed on as it came, every one of it.
bool supersedes_older(const model::Event& event);

}  // namespace verihook::delivery
