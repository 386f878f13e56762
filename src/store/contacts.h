// Repository of the embedded contacts table and of providers' jobs as their events describe them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/contact.h"
#include "store/connection.h"
#include "store/contacts_table.h"

namespace verihook::store {

// Adds addresses that are not there yet; the number added.
Result<std::int64_t> import_contacts(Connection& db, std::string_view tenant_id,
                                     std::span<const std::string> emails);
// Notes that these contacts are being verified by a job, whose results are to come; the number
// noted.
Result<std::int64_t> mark_contacts(Connection& db, std::string_view tenant_id,
                                   std::string_view job_id, std::span<const std::string> emails);
// Applies verification results to the contacts that exist; others are left out. A contact whose row
// already says the same for the same job is not touched. The number of rows changed.
Result<std::int64_t> apply_verification(Connection& db, std::string_view tenant_id,
                                        std::string_view job_id, WallTime now,
                                        std::span<const model::ContactUpdate> updates);
Result<std::vector<model::Contact>> list_contacts(Connection& db, std::string_view tenant_id,
                                                  std::string_view after_email, std::int64_t limit);
// Addresses in the order of their keys, after `after_email`. Of a job: those that were marked with
// it but have no result from it (for a retry).
Result<std::vector<std::string>> select_contacts(Connection& db, std::string_view tenant_id,
                                                 const ContactSelection& selection,
                                                 std::string_view after_email, std::int64_t limit);

Result<void> upsert_remote_job(Connection& db, const model::RemoteJob& job);
Result<model::RemoteJob> find_remote_job(Connection& db, std::string_view tenant_id,
                                         std::string_view source_name, std::string_view job_id);

}  // namespace verihook::store
