#include "store/rejected_entries.h"

#include "store/jobs.h"
#include "store/rows.h"

namespace verihook::store {

Result<void> insert_rejected_entries(Connection& db, std::string_view tenant_id,
                                     std::string_view job_id,
                                     const std::vector<model::RejectedEntry>& entries) {
  // A list may still be arriving when its job is deleted; nothing would remove these then.
  if (!entries.empty()) TRY_VOID(find_job(db, tenant_id, job_id));
  for (const model::RejectedEntry& entry : entries) {
    TRY_VOID(
        db.execute("INSERT INTO rejected_entries (tenant_id, job_id, number, line, reason, excerpt)"
                   " VALUES ($1, $2, $3, $4, $5, $6)",
                   {tenant_id, job_id, entry.number, entry.line, entry.reason, entry.excerpt}));
  }
  return {};
}

Result<std::vector<model::RejectedEntry>> list_rejected_entries(Connection& db,
                                                                std::string_view tenant_id,
                                                                std::string_view job_id,
                                                                std::int64_t after_number,
                                                                std::int64_t limit) {
  return find_rows(db,
                   "SELECT number, line, reason, excerpt FROM rejected_entries"
                   " WHERE tenant_id = $1 AND job_id = $2 AND number > $3"
                   " ORDER BY number LIMIT $4",
                   {tenant_id, job_id, after_number, limit}, [](const Row& row) {
                     return model::RejectedEntry{.number = row.integer(0),
                                                 .line = row.integer(1),
                                                 .reason = row.string(2),
                                                 .excerpt = row.string(3)};
                   });
}

}  // namespace verihook::store
