// ValueWriter: one value of a result after the other, as JSON or as cells of a CSV file (RFC 4180).
// What a value means is said once, in the tables of result_fields.h; how it looks in a format is
// said here. Appends to a string that the caller owns and may clear. One thread.
//
// A cell that a spreadsheet would take for a formula (OWASP, "CSV Injection": it begins with = + -
// @ tab, CR or LF, or with a full-width form of the first four) gets an apostrophe before it,
// unless it is a plain number such as -5 or +3.2e4; `raw` leaves all cells as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace verihook::jobs {

class ValueWriter {
 public:
  enum class Form {
    kJson,
    kCsv,     // formulas disarmed
    kRawCsv,  // as they are
  };

  ValueWriter(std::string& out, Form form)
      : out_(out), csv_(form != Form::kJson), raw_(form == Form::kRawCsv) {}
  ValueWriter(const ValueWriter&) = delete;
  ValueWriter& operator=(const ValueWriter&) = delete;

  bool is_csv() const { return csv_; }
  std::string& out() { return out_; }

  void text(std::string_view value);
  // Nothing when empty: null, or an empty cell.
  void text_or_null(std::string_view value);
  // A list: a JSON array, or one cell with spaces between.
  void texts(std::span<const std::string> values);
  void integer(std::int64_t value);
  void number(double value);
  void truth(bool value);
  void truth_or_null(std::optional<bool> value);
  void time(WallTime value);
  void null();
  // A JSON value in canonical form; in CSV a string's text, nothing for null, else the JSON itself.
  void json(std::string_view value);

 private:
  void cell(std::string_view text);

  std::string& out_;
  const bool csv_;
  const bool raw_;
};

// Whether a spreadsheet would take the cell for a formula.
bool looks_like_formula(std::string_view cell);

}  // namespace verihook::jobs
