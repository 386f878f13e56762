// PostgresContacts: contacts tables in PostgreSQL databases of other people's. Lives on the io
// thread, which looks up and judges the addresses; libpq blocks threads of a small pool of its own,
// one per table and database at a time, so that a database that hangs holds one of them and not
// all. Cancelling the waiting coroutine ends the work at once. The address filter is asked whoever
// gave the URL; `network.allow` opens ranges.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "async/semaphore.h"
#include "base/clock.h"
#include "net/address_filter.h"
#include "net/host_lookup.h"
#include "store/contacts_table.h"

namespace verihook::store::postgres {

struct PostgresContactsOptions {
  std::size_t threads = 8;
  Milliseconds connect_timeout_ms{5'000};  // for each address of the database
  Milliseconds statement_timeout_ms{60'000};
  Milliseconds lock_timeout_ms{10'000};  // for a lock that somebody else holds
  std::string roots_file{};  // by which `verify-full` judges (TrustStore::file); empty: by none
};

class PostgresContacts final : public PostgresContactsOpener {
 public:
  // All must outlive it.
  PostgresContacts(const Clock& clock, net::HostLookup& lookup, const net::AddressFilter& filter,
                   PostgresContactsOptions options);
  // Waits for its threads.
  ~PostgresContacts() override;

  std::unique_ptr<ContactsTable> open(PostgresContactsSpec spec) override;

 private:
  class Table;
  class Reader;

  // A database's turn: one writing transaction at a time.
  std::shared_ptr<Semaphore> turn_of(const PostgresContactsSpec& spec);

  const Clock& clock_;
  net::HostLookup& lookup_;
  const net::AddressFilter& filter_;
  const PostgresContactsOptions options_;
  std::map<std::string, std::weak_ptr<Semaphore>> turns_;
  asio::thread_pool pool_;
};

}  // namespace verihook::store::postgres
