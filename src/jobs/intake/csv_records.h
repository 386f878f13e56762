// CsvRecords: text in pieces cut anywhere becomes records of cells (RFC 4180). Beyond the RFC:
// lines may end in CR alone or LF alone, the delimiter is a parameter, quotation marks inside a
// cell that does not begin with one are text, and empty lines are no records. What is wrong costs
// one record and never the rest: a quotation mark that is not closed within the longest record
// gives its line up and reading goes on with the next line. Pure; one thread. Memory: one piece and
// one record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

struct CsvRecord {
  std::span<const std::string_view> cells;  // unquoted; without those past the limit
  std::string_view text;                    // as it stands, without its line end
  std::int64_t line = 0;                    // from 1, where it begins
  std::optional<Rejection> fault;           // kBrokenQuoting, kTooLong or kTooManyColumns
};

class CsvRecords {
 public:
  CsvRecords(char delimiter, const ListLimits& limits);

  void feed(std::string_view piece);
  // No more will come: what is left is the last record.
  void finish() { final_ = true; }
  // The next record; false when more text is needed, or at the end. Views are good until the next
  // call of any function.
  bool next(CsvRecord& record);

 private:
  enum class Scan {
    kRecord,  // cells_ is filled, position_ stands behind its line end
    kMore,    // the text ends first
    kOpen,    // a quotation mark is not closed as far as a record may reach
    kLong,    // no line end as far as a record may reach
  };

  Scan scan();
  // The cell whose quotation mark is at `at`: where it ends, or null when the limit comes first.
  // The list may end at the limit.
  const char* scan_quoted(const char* at, const char* limit, bool ends_here);
  void add_cell(std::string_view cell);
  bool give_up_line(CsvRecord& record, Rejection fault);
  bool skip_rest_of_line();
  // Behind the line end at `at`.
  void pass_line_end(const char* at);

  const ListLimits limits_;
  std::array<bool, 256> ends_cell_{};
  const char delimiter_;
  std::string buffer_;
  std::size_t position_ = 0;  // of the next record in buffer_
  std::int64_t line_ = 1;
  std::int64_t lines_inside_ = 0;  // line ends inside quotation marks of the record
  std::vector<std::string_view> cells_;
  std::string unescaped_;  // cells that had doubled quotation marks; never grows past its reserve
  std::optional<Rejection> fault_;
  bool skip_line_feed_ = false;  // the last line ended in CR
  bool skipping_ = false;        // the rest of a line that was too long
  bool final_ = false;
};

}  // namespace verihook::jobs
