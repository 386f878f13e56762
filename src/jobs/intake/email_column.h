// Which column of a table holds the addresses, and whether its first record is a header. Decided by
// what the caller says, else by the names that such columns have in many languages, else by what
// the cells look like. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::jobs {

// How many records choose_columns wants to see, or all there are.
inline constexpr std::size_t kRecordsLookedAt = 100;

using CellTexts = std::vector<std::string>;

struct ColumnChoice {
  std::size_t email = 0;
  std::optional<std::size_t> id;   // the column named "id"
  bool header = false;             // the first record is one
  std::vector<std::string> names;  // of all columns: no two alike, none empty
};

// `wanted` is the caller's `email_column`: a name, a number from 1, or empty. kInvalidArgument
// names the columns there are when it cannot be told which one it is. `records` is not empty.
Result<ColumnChoice> choose_columns(std::span<const CellTexts> records, std::string_view wanted);

// Whether a column (or a member of a JSON object) of this name holds addresses.
bool is_email_name(std::string_view name);
// A quick look: something, an @, something, and no space.
bool looks_like_address(std::string_view cell);

}  // namespace verihook::jobs
