// The record of one row's result as it is stored: the verdict's fields in binary, what can be told
// from other fields left out, and the caller's id and columns. Every form that results are given
// out in (JSON, CSV, the forms of other services) is made of a record, so none has to be read back.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/verdict.h"

namespace verihook::jobs {

// A row with its result, and what the caller said about it.
struct StoredResult {
  std::int64_t number = 0;  // the row's, from 1
  model::Verdict verdict;
  std::string id;          // the caller's; empty: none
  std::string data;        // the caller's columns, canonical JSON; empty: none
  bool duplicate = false;  // repeats an earlier row of its list
};

// Appends the record. The row's number is not part of it.
void append_record(std::string& out, const model::Verdict& verdict, std::string_view id,
                   std::string_view data, bool duplicate = false);

// Every field of `into` but its number is overwritten; its strings keep their room, so that one
// object serves for all rows of a list. kStorageFailed when the record is damaged.
Result<void> read_record(std::string_view record, StoredResult& into);

// Only the caller's columns; empty also when the record is damaged.
std::string_view data_of_record(std::string_view record);

// Only the status. kStorageFailed when the record is damaged.
Result<model::Status> status_of_record(std::string_view record);

}  // namespace verihook::jobs
