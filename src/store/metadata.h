// Metadata: a few facts about the database itself, by key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/connection.h"

namespace verihook::store {

Result<std::optional<std::string>> find_metadata(Connection& db, std::string_view key);
// Replaces what was there.
Result<void> put_metadata(Connection& db, std::string_view key, std::string_view value);

}  // namespace verihook::store
