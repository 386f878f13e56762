// CsvList: a table, from text in pieces. The delimiter ( , ; tab | ), the header and the column
// with the addresses are found in the first records; then every record is one entry, whose other
// columns are handed on as its cells. Pure; one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/intake/csv_records.h"
#include "jobs/intake/email_column.h"
#include "jobs/intake/encoding.h"
#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

class CsvList final : public ListReader {
 public:
  // `email_column`: a name, a number from 1, or empty.
  CsvList(ListSink& sink, const ListLimits& limits, std::string email_column);

  // kInvalidArgument when the columns cannot be told, or the first line is no header and no row.
  Result<void> feed(std::string_view piece) override;
  Result<void> finish() override;

 private:
  Result<void> begin(bool whole);
  Result<std::vector<CellTexts>> read_sample(char delimiter, bool whole) const;
  Result<void> take_records();
  Result<void> take(const CsvRecord& record);
  std::optional<Rejection> fault_of(const CsvRecord& record);
  std::string_view cell(const CsvRecord& record, std::size_t column) const;

  ListSink& sink_;
  const ListLimits limits_;
  const std::string email_column_;
  std::string sample_;  // until the columns are known
  std::optional<CsvRecords> records_;
  ColumnChoice columns_;
  std::vector<std::size_t> kept_;  // the columns beside address and id
  std::vector<std::string_view> cells_;
  EncodingWatch encoding_;
  std::int64_t number_ = 0;
  bool header_pending_ = false;
};

// The delimiter that cuts the first records of `sample` most evenly. `whole`: the sample is all.
char find_delimiter(std::string_view sample, bool whole, const ListLimits& limits);

}  // namespace verihook::jobs
