#include "store/row_counts.h"

#include <array>
#include <string_view>
#include <utility>

#include "store/rows.h"
#include "store/transaction_memo.h"

namespace verihook::store {
namespace {

// By Counted, as in row_counts.name.
constexpr std::array<std::string_view, kCountedKinds> kNames = {"received_events", "deliveries"};

Result<void> add(Connection& db, std::size_t what, std::int64_t added) {
  return done(db.execute("UPDATE row_counts SET value = value + $2 WHERE name = $1",
                         {kNames[what], added}));
}

}  // namespace

Result<void> count_rows(Connection& db, Counted what, std::int64_t added) {
  const auto place = static_cast<std::size_t>(what);
  TransactionMemo* const memo = db.memo();
  if (memo == nullptr) return add(db, place, added);
  memo->rows_added[place] += added;
  return {};
}

Result<std::int64_t> row_count(Connection& db, Counted what) {
  return find_integer(db, "SELECT value FROM row_counts WHERE name = $1",
                      {kNames[static_cast<std::size_t>(what)]});
}

Result<void> write_row_counts(Connection& db, TransactionMemo& memo) {
  for (std::size_t what = 0; what < kNames.size(); ++what) {
    const std::int64_t added = std::exchange(memo.rows_added[what], 0);
    if (added != 0) TRY_VOID(add(db, what, added));
  }
  return {};
}

}  // namespace verihook::store
