// Row counts: how many rows of a kind there are, kept beside them because nobody can count millions
// of rows each time that somebody looks at the metrics. All run inside Database::read or ::write.
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/connection.h"

namespace verihook::store {

enum class Counted {
  kReceivedEvents,
  kDeliveries,
};
inline constexpr std::size_t kCountedKinds = 2;

// So many rows more, or fewer, in the transaction that inserts or deletes them.
Result<void> count_rows(Connection& db, Counted what, std::int64_t added);
// Outside of the transactions that change it.
Result<std::int64_t> row_count(Connection& db, Counted what);

// Before the commit: what was added in this transaction.
Result<void> write_row_counts(Connection& db, TransactionMemo& memo);

}  // namespace verihook::store
