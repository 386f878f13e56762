// Schema: the ordered list of migrations and the function that applies what is missing. A migration
// is SQL that SQLite and PostgreSQL both run, but for a few words in braces that the driver
// replaces: {blob}, and {clustered} behind tables that are nothing but their key. Times are
// milliseconds since 1970 in BIGINT, booleans 0 and 1, lists JSON in TEXT. Ids are compared byte by
// byte; a database whose collation differs says so for TEXT in its translation. Keys begin with the
// tenant.
#pragma once

#include <span>
#include <string_view>

#include "store/connection.h"

namespace verihook::store {

struct Migration {
  int version = 0;       // 1, 2, 3, … without gaps
  std::string_view sql;  // several statements
};

std::span<const Migration> migrations();

// Brings the database to the newest version, each migration in one transaction. Fails with
// kConflict when the database was written by a newer program, and then nothing is touched.
Result<void> migrate(Driver& driver, Connection& writer,
                     std::span<const Migration> all = migrations());

// The version that the database is at; 0 for an empty one.
Result<int> schema_version(Connection& connection);

}  // namespace verihook::store
