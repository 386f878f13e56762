// What a reader of a list hands on, and to whom: rows, and the entries that are none. Pure; one
// thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::jobs {

struct ListLimits {
  std::size_t email_bytes_max = 1'024;     // of an address or an id; longer ones are rejected
  std::size_t entry_bytes_max = 65'536;    // of a line, a CSV record, a JSON element; likewise
  std::size_t columns_max = 1'000;         // of a CSV record
  std::size_t members_bytes_max = 65'536;  // of a JSON body beside `emails`
};

// One entry. The views are good until the call returns.
struct ListRow {
  std::int64_t number = 0;  // from 1: the entry's place in the list, a header line left out
  std::string_view email;
  std::string_view id;                        // the caller's; empty: none
  std::string_view data;                      // the caller's members, canonical JSON; empty: none
  std::span<const std::string_view> cells{};  // or the cells of the columns announced, UTF-8
};

// Why an entry is no row.
enum class Rejection {
  kNoAddress,       // no cell or member with an address
  kBrokenQuoting,   // a quotation mark that is not closed, or text after it
  kTooLong,         // past a limit of ListLimits
  kTooManyColumns,  // more cells than the header has
  kNotUtf8,         // bytes that are no UTF-8
  kNulByte,         // a byte 0
  kNotJson,         // a line or an element that is no JSON, or JSON that is refused
  kNoEntry,         // JSON that is neither a string nor an object
};
std::string_view to_string(Rejection reason);

struct RejectedEntry {
  std::int64_t number = 0;  // as in ListRow
  std::int64_t line = 0;    // from 1, where the entry begins; 0: not known (JSON)
  Rejection reason = Rejection::kNoAddress;
  std::string excerpt{};  // its beginning, made printable
};

class ListSink {
 public:
  virtual ~ListSink() = default;
  // At most once, before the first row: the names of the columns that `cells` are of.
  virtual void columns(std::vector<std::string> names) = 0;
  // An error ends the reading with that error.
  virtual Result<void> row(const ListRow& row) = 0;
  virtual void reject(RejectedEntry entry) = 0;
};

// One format. Text arrives in pieces cut anywhere; errors are those of the whole list.
class ListReader {
 public:
  virtual ~ListReader() = default;
  virtual Result<void> feed(std::string_view piece) = 0;
  virtual Result<void> finish() = 0;
};

// The beginning of a rejected entry for people: valid UTF-8 without control characters.
std::string excerpt_of(std::string_view text);

}  // namespace verihook::jobs
