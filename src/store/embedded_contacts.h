// EmbeddedContacts: a tenant's contacts in the program's own store as a ContactsTable. Applying
// results is one function of Database::write and so one transaction, during which nobody else
// writes. It knows which contacts of a job have its result already (contacts.result_job_id) and
// takes addresses that differ in case only for one.
#pragma once

#include "store/contacts_table.h"
#include "store/database.h"

namespace verihook::store {

class EmbeddedContacts final : public ContactsTable {
 public:
  // `database` must outlive it.
  EmbeddedContacts(Database& database, std::string tenant_id)
      : database_(database), tenant_id_(std::move(tenant_id)) {}

  Task<Result<std::int64_t>> apply(std::string job_id, WallTime verified_at, ContactBatches rows,
                                   Deadline deadline) override;
  Task<Result<void>> mark(std::string job_id, std::vector<std::string> emails,
                          Deadline deadline) override;
  std::unique_ptr<ContactsReader> read(ContactSelection selection, Deadline deadline) override;
  std::string key_of(std::string_view email) const override;

 private:
  class Reader;

  Database& database_;
  const std::string tenant_id_;
};

}  // namespace verihook::store
