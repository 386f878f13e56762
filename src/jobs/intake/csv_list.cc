#include "jobs/intake/csv_list.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace verihook::jobs {
namespace {

constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};
constexpr std::size_t kRecordsForDelimiter = 20;

// How well a delimiter cuts: records with as many cells as the first, then cells.
struct Evenness {
  std::size_t alike = 0;
  std::size_t cells = 0;
  auto operator<=>(const Evenness&) const = default;
};

Evenness cut_by(char delimiter, std::string_view sample, bool whole, const ListLimits& limits) {
  CsvRecords records(delimiter, limits);
  records.feed(sample);
  if (whole) records.finish();
  Evenness evenness;
  CsvRecord record;
  for (std::size_t count = 0; count < kRecordsForDelimiter && records.next(record); ++count) {
    if (count == 0) evenness.cells = record.cells.size();
    if (record.cells.size() == evenness.cells && !record.fault) ++evenness.alike;
  }
  return evenness;
}

}  // namespace

char find_delimiter(std::string_view sample, bool whole, const ListLimits& limits) {
  char best = kDelimiters.front();
  Evenness most;
  for (const char delimiter : kDelimiters) {
    const Evenness evenness = cut_by(delimiter, sample, whole, limits);
    if (evenness.cells < 2 || evenness <= most) continue;
    best = delimiter;
    most = evenness;
  }
  return best;
}

CsvList::CsvList(ListSink& sink, const ListLimits& limits, std::string email_column)
    : sink_(sink), limits_(limits), email_column_(std::move(email_column)) {}

Result<void> CsvList::feed(std::string_view piece) {
  if (records_) {
    records_->feed(piece);
    return take_records();
  }
  // The same bytes decide however they arrive.
  const std::size_t missing = limits_.entry_bytes_max + 1 - sample_.size();
  const std::string_view wanted = piece.substr(0, missing);
  sample_.append(wanted);
  if (wanted.size() < missing) return {};
  TRY_VOID(begin(false));
  records_->feed(piece.substr(wanted.size()));
  return take_records();
}

Result<void> CsvList::finish() {
  if (!records_) TRY_VOID(begin(true));
  records_->finish();
  return take_records();
}

Result<std::vector<CellTexts>> CsvList::read_sample(char delimiter, bool whole) const {
  CsvRecords records(delimiter, limits_);
  records.feed(sample_);
  if (whole) records.finish();
  std::vector<CellTexts> found;
  CsvRecord record;
  while (found.size() < kRecordsLookedAt && records.next(record)) {
    if (!found.empty() && record.fault) continue;
    if (record.fault) {
      return fail(Errc::kInvalidArgument,
                  "the first line of the list cannot be read: it " +
                      std::string(*record.fault == Rejection::kBrokenQuoting
                                      ? "has a quotation mark that is not closed"
                                  : *record.fault == Rejection::kTooLong
                                      ? "is longer than jobs.entry_bytes_max allows"
                                      : "has more columns than jobs.columns_max allows"));
    }
    if (found.empty() && (!is_valid_utf8(record.text) || record.text.contains('\0'))) {
      return fail(Errc::kInvalidArgument,
                  "the first line of the list is not UTF-8; save it as text in UTF-8 and send it "
                  "again");
    }
    found.emplace_back(record.cells.begin(), record.cells.end());
  }
  return found;
}

Result<void> CsvList::begin(bool whole) {
  const char delimiter = find_delimiter(sample_, whole, limits_);
  TRY(sample, read_sample(delimiter, whole));
  if (!sample.empty()) {
    TRY(columns, choose_columns(sample, email_column_));
    columns_ = std::move(columns);
  } else if (!whole) {
    return fail(Errc::kInvalidArgument,
                "the list begins with more empty lines than jobs.entry_bytes_max bytes hold");
  }
  header_pending_ = columns_.header;
  std::vector<std::string> names;
  for (std::size_t column = 0; column < columns_.names.size(); ++column) {
    if (column == columns_.email || column == columns_.id) continue;
    kept_.push_back(column);
    names.push_back(columns_.names[column]);
  }
  if (!names.empty()) sink_.columns(std::move(names));
  cells_.resize(kept_.size());
  records_.emplace(delimiter, limits_);
  records_->feed(sample_);
  sample_ = {};
  return take_records();
}

Result<void> CsvList::take_records() {
  CsvRecord record;
  while (records_->next(record)) TRY_VOID(take(record));
  return {};
}

std::string_view CsvList::cell(const CsvRecord& record, std::size_t column) const {
  return column < record.cells.size() ? record.cells[column] : std::string_view();
}

std::optional<Rejection> CsvList::fault_of(const CsvRecord& record) {
  if (record.fault) return record.fault;
  if (const auto fault = encoding_.look(record.text)) return fault;
  const std::size_t known = columns_.names.size();
  if (record.cells.size() > known) {
    // Programs leave empty cells behind at the end of a line.
    const auto more = record.cells.subspan(known);
    if (std::ranges::any_of(more, [](std::string_view extra) { return !extra.empty(); })) {
      return Rejection::kTooManyColumns;
    }
  }
  const std::string_view email = trim(cell(record, columns_.email));
  if (email.empty()) return Rejection::kNoAddress;
  const std::size_t id_bytes = columns_.id ? cell(record, *columns_.id).size() : 0;
  const bool too_long = std::max(email.size(), id_bytes) > limits_.email_bytes_max;
  return too_long ? std::optional(Rejection::kTooLong) : std::nullopt;
}

Result<void> CsvList::take(const CsvRecord& record) {
  if (std::exchange(header_pending_, false)) return {};
  ++number_;
  if (const auto fault = fault_of(record)) {
    sink_.reject({number_, record.line, *fault, excerpt_of(record.text)});
    return encoding_.verdict();
  }
  for (std::size_t i = 0; i < kept_.size(); ++i) cells_[i] = cell(record, kept_[i]);
  ListRow row;
  row.number = number_;
  row.email = trim(cell(record, columns_.email));
  if (columns_.id) row.id = trim(cell(record, *columns_.id));
  row.cells = cells_;
  return sink_.row(row);
}

}  // namespace verihook::jobs
