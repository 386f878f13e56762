// What a dispatcher asks of the store beside events.h: deliveries by destination, so that a
// destination with a long backlog leaves it in the store and stands in nobody's way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.h"
#include "store/events.h"

namespace verihook::store {

struct DestinationDue {
  std::string tenant_id;
  std::string destination_id;
  WallTime due_at{};  // when the first of its pending deliveries can be leased
};
// Destinations that have pending deliveries and are active, or gone; earliest first.
Result<std::vector<DestinationDue>> due_destinations(Connection& db, std::int64_t limit);

struct DestinationLease {
  std::string_view tenant_id;
  std::string_view destination_id;
  std::string_view node_id;
  WallTime now{};
  WallTime lease_until{};
  std::int64_t limit = 0;
};
// A delivery with all that an attempt needs.
struct DueDelivery {
  model::Delivery delivery;
  model::Event event;
};
struct LeasedDeliveries {
  std::optional<model::Destination> destination;  // nothing when it was deleted
  std::vector<DueDelivery> taken;
  std::optional<WallTime> next_due;  // when there is more to take; leases that run now included
};
// Leases what is due and free of one destination, earliest first; nothing while it is not active.
// Of an ordered one only the oldest pending delivery of each job is taken. What can never be
// delivered, because the destination or the event is gone, becomes cancelled.
Result<LeasedDeliveries> lease_of_destination(Connection& db, const DestinationLease& lease);

// When the newest pending delivery of this job to this destination was made; nothing when there is
// none.
Result<std::optional<WallTime>> newest_pending_of_job(Connection& db, std::string_view tenant_id,
                                                      std::string_view destination_id,
                                                      std::string_view job_id);

// False when the node does not hold the delivery any more.
Result<bool> renew_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                         std::string_view node_id, WallTime lease_until);
// The delivery is free for any node again; nothing happens when the node does not hold it.
Result<void> release_lease(Connection& db, std::string_view tenant_id, std::string_view delivery_id,
                           std::string_view node_id);
// Gives back every delivery that the node holds: when it stops, and when it starts again after a
// crash. How many.
Result<std::int64_t> release_leases(Connection& db, std::string_view node_id);

}  // namespace verihook::store
