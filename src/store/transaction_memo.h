// TransactionMemo: what repositories remember until the transaction ends, so that the many writes
// of one group commit read and write it once. It begins empty with each transaction, and what a
// write that failed has put there is gone with it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/destination.h"
#include "store/row_counts.h"

namespace verihook::store {

using DestinationList = std::vector<std::shared_ptr<const model::Destination>>;

struct TransactionMemo {
  // By Counted: not yet written.
  std::array<std::int64_t, kCountedKinds> rows_added{};
  // Of a tenant: those that belong to no job (destinations.h).
  std::map<std::string, std::shared_ptr<const DestinationList>, std::less<>> destinations;
};

}  // namespace verihook::store
