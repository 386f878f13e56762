// Metadata: a few facts about the database itself, by key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.h"

namespace verihook::store {

Result<std::optional<std::string>> find_metadata(Connection& db, std::string_view key);
// Replaces what was there.
Result<void> put_metadata(Connection& db, std::string_view key, std::string_view value);
Result<void> remove_metadata(Connection& db, std::string_view key);
// The keys that begin with `prefix`, in their order.
Result<std::vector<std::string>> list_metadata(Connection& db, std::string_view prefix);

}  // namespace verihook::store
