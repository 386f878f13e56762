// Repository of the entries of lists that are no rows. They go with their job (removal.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/rejected_entry.h"
#include "store/connection.h"

namespace verihook::store {

// kNotFound when the job has been deleted meanwhile.
Result<void> insert_rejected_entries(Connection& db, std::string_view tenant_id,
                                     std::string_view job_id,
                                     const std::vector<model::RejectedEntry>& entries);
// By number, those behind `after_number`.
Result<std::vector<model::RejectedEntry>> list_rejected_entries(Connection& db,
                                                                std::string_view tenant_id,
                                                                std::string_view job_id,
                                                                std::int64_t after_number,
                                                                std::int64_t limit);

}  // namespace verihook::store
