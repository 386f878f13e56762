// How a chunk is stored. Its input: the rows, length-prefixed, compressed with zstd. Its results:
// a byte for the form itself, the names of the caller's columns in them, then the records of
// jobs/result_record.h with the numbers of their rows, compressed likewise. A segment (results
// since the last checkpoint, in any order) and a final result (all rows, in input order) have one
// form. Pure; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jobs/column_set.h"

namespace verihook::jobs {

struct InputRow {
  std::int64_t number = 0;  // from 1, in the whole list
  std::string email;
  std::string id{};        // the caller's; empty: none
  std::string data{};      // the caller's columns, canonical JSON; empty: none
  bool duplicate = false;  // repeats an earlier row, and was not left out

  friend bool operator==(const InputRow&, const InputRow&) = default;
};

// A row that lies elsewhere; the members are InputRow's.
struct InputRowView {
  std::int64_t number = 0;
  std::string_view email;
  std::string_view id{};
  std::string_view data{};
  bool duplicate = false;
};
inline InputRowView view_of(const InputRow& row) {
  return {row.number, row.email, row.id, row.data, row.duplicate};
}

// The rows of one chunk in the form in which they are stored, not compressed yet: a list is written
// down as it arrives instead of being kept row by row.
class PackedRows {
 public:
  void add(const InputRowView& row);
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return bytes_.size(); }
  std::string compressed() const;
  std::vector<InputRow> unpacked() const;

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

// Fails only when what was stored is damaged: kStorageFailed.
std::string encode_rows(const std::vector<InputRow>& rows);
Result<std::vector<InputRow>> decode_rows(std::string_view encoded);

struct ResultLine {
  std::int64_t number = 0;  // the row's
  std::string record;
};

// In the order given.
std::string encode_results(const std::vector<ResultLine>& lines);
// Appends to `lines`.
Result<void> decode_results(std::string_view encoded, std::vector<ResultLine>& lines);
// Adds the columns that the results have, at the cost of a few kilobytes of decompression.
Result<void> decode_columns(std::string_view encoded, ColumnSet& columns);

struct RecordView {
  std::int64_t number = 0;
  std::string_view record;
};

// The results of one chunk for reading, without a copy of each.
class RecordList {
 public:
  // Results as encode_results wrote them.
  Result<void> add(std::string_view encoded);
  // Into input order.
  void sort();
  // They refer to this object.
  const std::vector<RecordView>& records() const { return records_; }

 private:
  std::deque<std::string> texts_;
  std::vector<RecordView> records_;
};

}  // namespace verihook::jobs
