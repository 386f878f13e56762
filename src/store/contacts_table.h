// ContactsTable: a table of contacts that verification results are applied to, and that can be
// verified itself: the tenant's part of the embedded table (embedded_contacts.h) or a table in a
// PostgreSQL database of the tenant's (postgres/contacts.h). Everything may be repeated: what has
// been done already changes nothing. All of it is called on the io thread and waits there without
// holding it.
//
// Errors of a database elsewhere: kConnectionRefused, kConnectionLost, kTimeout, kDns, kTls, kBusy
// can pass; kUnauthorized, kForbidden, kNotFound, kInvalidArgument, kUnsupported, kForbiddenAddress
// say what must be put right there or in the destination's settings.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/deadline.h"
#include "base/result.h"
#include "model/contact.h"
#include "store/postgres_url.h"

namespace verihook::store {

// Calls what it is given with one batch of rows after another until that fails. Runs on a thread of
// the table's, once or more often.
using OnContactBatch = std::function<Result<void>(std::span<const model::ContactUpdate> rows)>;
using ContactBatches = std::function<Result<void>(const OnContactBatch& on_batch)>;

// Which contacts are read.
struct ContactSelection {
  enum class Which {
    kAll,
    kNever,  // without a verification_date
    kOlder,  // verified before `verified_before`
    kDue,    // either of these two
    kOfJob,  // that carry `job_id`; where the table knows, only those without its result
  };
  Which which = Which::kAll;
  WallTime verified_before{};
  std::string job_id;
};

// One reading of addresses, a page at a time, so that memory does not grow with the table. The
// table must outlive it.
class ContactsReader {
 public:
  virtual ~ContactsReader() = default;
  // Empty at the end.
  virtual Task<Result<std::vector<std::string>>> next() = 0;
};

class ContactsTable {
 public:
  virtual ~ContactsTable() = default;

  // The results of a job, in one transaction, to the contacts that are there. `verified_at` is the
  // same however often that is done. The number of rows changed.
  virtual Task<Result<std::int64_t>> apply(std::string job_id, WallTime verified_at,
                                           ContactBatches rows, Deadline deadline) = 0;
  // Notes that these contacts are the job's, whose results are to come.
  virtual Task<Result<void>> mark(std::string job_id, std::vector<std::string> emails,
                                  Deadline deadline) = 0;
  virtual std::unique_ptr<ContactsReader> read(ContactSelection selection, Deadline deadline) = 0;
  // By what the table knows an address: two with the same key are one contact.
  virtual std::string key_of(std::string_view email) const = 0;
};

// A table in a PostgreSQL database; empty names are those of the contract.
struct PostgresContactsSpec {
  PostgresUrl url;
  std::string schema;  // empty: where the role's search_path finds the table
  std::string table = "contacts";
  std::string email = "email";
  std::string email_verified = "email_verified";
  std::string verification_date = "verification_date";
  std::string verification_job_id = "verification_job_id";
  std::string email_invalid_reason = "email_invalid_reason";
  bool ignore_case = false;  // compare lower(email), for which the table should have an index
};

// How such a table is come by; app/ provides the implementation with the driver.
class PostgresContactsOpener {
 public:
  virtual ~PostgresContactsOpener() = default;
  // Connects to nothing yet.
  virtual std::unique_ptr<ContactsTable> open(PostgresContactsSpec spec) = 0;
};

}  // namespace verihook::store
