// Repository of the requests that sources refused. Bounded for each source in number and bytes: the
// oldest make room. All functions run inside Database::read or ::write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/rejected_request.h"
#include "store/connection.h"

namespace verihook::store {

Result<void> insert_rejected_request(Connection& db, const model::RejectedRequest& request);
Result<model::RejectedRequest> find_rejected_request(Connection& db, std::string_view tenant_id,
                                                     std::string_view source_id,
                                                     std::string_view id);

struct RejectedRequestFilter {
  std::string outcome;    // empty: any
  std::string cause;      // likewise
  std::string before_id;  // cursor, newest first
  std::string after_id;   // or oldest first, from behind this one
  bool oldest_first = false;
  std::int64_t limit = 50;
};
// Without their headers and bodies.
Result<std::vector<model::RejectedRequest>> list_rejected_requests(
    Connection& db, std::string_view tenant_id, std::string_view source_id,
    const RejectedRequestFilter& filter);

// False when it was not there.
Result<bool> delete_rejected_request(Connection& db, std::string_view tenant_id,
                                     std::string_view id);

// Removes the oldest of a source until no more than `count_max` with `bytes_max` together are left.
// How many went.
Result<std::int64_t> trim_rejected_requests(Connection& db, std::string_view tenant_id,
                                            std::string_view source_id, std::int64_t count_max,
                                            std::int64_t bytes_max);

// Removes those of everybody that arrived before `before`, at most `limit` a call.
Result<std::int64_t> forget_rejected_requests(Connection& db, WallTime before, std::int64_t limit);

}  // namespace verihook::store
