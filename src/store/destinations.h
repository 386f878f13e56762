// Repository of destinations (webhook endpoints among them) and of sources.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/destination.h"
#include "model/source.h"
#include "store/connection.h"
#include "store/transaction_memo.h"

namespace verihook::store {

Result<void> insert_destination(Connection& db, const model::Destination& destination);
Result<void> update_destination(Connection& db, const model::Destination& destination);
// Its pending deliveries become cancelled; what was delivered stays.
Result<void> delete_destination(Connection& db, std::string_view tenant_id, std::string_view id,
                                WallTime now);
Result<model::Destination> find_destination(Connection& db, std::string_view tenant_id,
                                            std::string_view id);
// For whoever asks without a tenant, as for public keys.
Result<std::optional<model::Destination>> find_destination_of_any_tenant(Connection& db,
                                                                         std::string_view id);
// `id_prefix` is "wh" or "dst"; oldest first, after `after_id`.
Result<std::vector<model::Destination>> list_destinations(Connection& db,
                                                          std::string_view tenant_id,
                                                          std::string_view id_prefix,
                                                          std::string_view after_id,
                                                          std::int64_t limit);
// The tenant's destinations that belong to no job, for the fan-out of an event; oldest first.
Result<std::shared_ptr<const DestinationList>> destinations_of_tenant(Connection& db,
                                                                      std::string_view tenant_id);
// Those that belong to this job, likewise.
Result<std::vector<model::Destination>> destinations_of_job(Connection& db,
                                                            std::string_view tenant_id,
                                                            std::string_view job_id);

Result<void> insert_source(Connection& db, const model::Source& source);
Result<void> update_source(Connection& db, const model::Source& source);
// With the requests that it refused.
Result<void> delete_source(Connection& db, std::string_view tenant_id, std::string_view id);
Result<model::Source> find_source(Connection& db, std::string_view tenant_id, std::string_view id);
// By the name in the door's path, whoever's it is.
Result<model::Source> find_source_by_name(Connection& db, std::string_view name);
Result<std::vector<model::Source>> list_sources(Connection& db, std::string_view tenant_id,
                                                std::string_view after_id, std::int64_t limit);

}  // namespace verihook::store
