// ResultRenderer: results in the format that was asked for. A document is its head, the rows, its
// tail; each is appended by itself, so that a document of any length is written piece by piece.
// Immutable once made; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/column_set.h"
#include "jobs/result_fields.h"

namespace verihook::jobs {

enum class Container {
  kJson,    // one array
  kNdjson,  // one object a line
  kCsv,     // RFC 4180: header always, CRLF
};

enum class View {
  kOwn,         // the contract's result object
  kZeroBounce,  // as their API calls it, and so on
  kKickbox,
  kReacher,
};

struct ExportFormat {
  Container container = Container::kJson;
  View view = View::kOwn;
  bool raw = false;  // CSV: leave cells that look like formulas as they are
  bool bom = false;  // CSV: begin with a byte order mark, for Excel

  // Whether the caller's columns stand in the document one by one.
  bool needs_columns() const { return container == Container::kCsv && view == View::kOwn; }
};

// "json", "ndjson", "csv", "zerobounce", "kickbox", "reacher"; the last three perhaps with
// ".ndjson" or ".csv" behind them.
std::optional<ExportFormat> parse_export_format(std::string_view name);
std::string_view content_type_of(Container container);
// The ending of a file's name.
std::string_view extension_of(Container container);

class ResultRenderer {
 public:
  // `columns`: the caller's, when format.needs_columns().
  ResultRenderer(ExportFormat format, ColumnSet columns);

  void append_head(std::string& out) const;
  // `first`: no row stands before it in the document.
  void append_row(std::string& out, const StoredResult& row, bool first) const;
  void append_tail(std::string& out) const;

 private:
  // What stands before a field's value, and the field.
  struct Step {
    std::string before;
    const ResultField* field;
  };

  void prepare_json();
  void prepare_csv();
  void append_json(std::string& out, const StoredResult& row) const;
  void append_csv(std::string& out, const StoredResult& row) const;
  void append_caller_cells(ValueWriter& writer, std::string_view data) const;
  ValueWriter::Form form() const;

  const ExportFormat format_;
  const ColumnSet columns_;
  std::vector<Step> steps_;
  std::string end_;     // what stands behind the last field
  std::string header_;  // of a CSV file
};

}  // namespace verihook::jobs
