// Lists of addresses as people have them: text, CSV (RFC 4180), JSON, NDJSON. Addresses are taken
// as they stand, wrong ones too: judging them is the server's business. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::cli {

enum class ListFormat {
  kText,    // one address in a line
  kCsv,     // the column named email, else the first that holds an @; , ; or tab between fields
  kJson,    // ["…"], [{"email":"…"}], or {"emails":[…]}
  kNdjson,  // in each line a string or an object with "email"
};

// By the file's name, else by what stands in it.
ListFormat guess_format(std::string_view file_name, std::string_view text);

// In input order. kInvalidArgument with the line or position of what cannot be read; an empty list
// is one too.
Result<std::vector<std::string>> read_addresses(std::string_view text, ListFormat format);

// The records of a CSV text. Quotes, doubled quotes and line ends inside quotes as in RFC 4180.
Result<std::vector<std::vector<std::string>>> read_csv(std::string_view text, char separator);

}  // namespace verihook::cli
