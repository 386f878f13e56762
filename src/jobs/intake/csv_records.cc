#include "jobs/intake/csv_records.h"

#include <algorithm>
#include <cstring>

namespace verihook::jobs {
namespace {

constexpr char kQuote = '"';

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

const char* find(const char* from, const char* to, char wanted) {
  const void* found = std::memchr(from, wanted, static_cast<std::size_t>(to - from));
  return static_cast<const char*>(found);
}

std::int64_t count_lines(std::string_view text) {
  std::int64_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool alone = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || alone) ++lines;
  }
  return lines;
}

}  // namespace

CsvRecords::CsvRecords(char delimiter, const ListLimits& limits)
    : limits_(limits), delimiter_(delimiter) {
  ends_cell_[static_cast<unsigned char>(delimiter)] = true;
  ends_cell_['\n'] = true;
  ends_cell_['\r'] = true;
  unescaped_.reserve(limits.entry_bytes_max + 1);
}

void CsvRecords::feed(std::string_view piece) {
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_.append(piece);
}

bool CsvRecords::next(CsvRecord& record) {
  for (;;) {
    if (skipping_ && !skip_rest_of_line()) return false;
    if (skip_line_feed_ && position_ < buffer_.size()) {
      if (buffer_[position_] == '\n') ++position_;
      skip_line_feed_ = false;
    }
    const std::size_t begin = position_;
    if (begin < buffer_.size() && is_line_end(buffer_[begin])) {
      pass_line_end(buffer_.data() + begin);
      continue;
    }
    switch (scan()) {
      case Scan::kMore:
        return false;
      case Scan::kOpen:
        return give_up_line(record, Rejection::kBrokenQuoting);
      case Scan::kLong:
        return give_up_line(record, Rejection::kTooLong);
      case Scan::kRecord:
        break;
    }
    std::string_view text(buffer_.data() + begin, position_ - begin);
    record = {.cells = cells_, .text = text, .line = line_, .fault = fault_};
    line_ += lines_inside_;
    if (position_ < buffer_.size()) pass_line_end(buffer_.data() + position_);
    return true;
  }
}

CsvRecords::Scan CsvRecords::scan() {
  cells_.clear();
  unescaped_.clear();
  fault_.reset();
  lines_inside_ = 0;
  const char* const begin = buffer_.data() + position_;
  const char* const end = buffer_.data() + buffer_.size();
  if (begin == end) return Scan::kMore;
  // A record is judged as soon as this much of it is there, however it arrived.
  const bool whole = static_cast<std::size_t>(end - begin) > limits_.entry_bytes_max;
  const char* const limit = whole ? begin + limits_.entry_bytes_max + 1 : end;
  const bool ends_here = final_ && !whole;
  for (const char* at = begin;;) {
    if (at < limit && *at == kQuote) {
      at = scan_quoted(at, limit, ends_here);
      if (at == nullptr) return whole || final_ ? Scan::kOpen : Scan::kMore;
    } else {
      const char* const cell = at;
      while (at < limit && !ends_cell_[static_cast<unsigned char>(*at)]) ++at;
      add_cell({cell, at});
    }
    if (at == limit) {
      if (!ends_here) return whole ? Scan::kLong : Scan::kMore;
    } else if (*at == delimiter_) {
      ++at;
      continue;
    }
    position_ = static_cast<std::size_t>(at - buffer_.data());
    return Scan::kRecord;
  }
}

const char* CsvRecords::scan_quoted(const char* at, const char* limit, bool ends_here) {
  const char* const content = at + 1;
  const char* part = content;
  const std::size_t unescaped_from = unescaped_.size();
  bool escaped = false;
  const char* close = nullptr;
  for (const char* from = content;; from = close + 2) {
    close = find(from, limit, kQuote);
    if (close == nullptr) return nullptr;
    // Whether it is doubled shows only with the next byte.
    if (close + 1 == limit && !ends_here) return nullptr;
    if (close + 1 == limit || close[1] != kQuote) break;
    escaped = true;
    unescaped_.append(part, close + 1);
    part = close + 2;
  }
  const std::string_view raw(content, close);
  lines_inside_ += count_lines(raw);
  if (escaped) {
    unescaped_.append(part, close);
    add_cell(std::string_view(unescaped_).substr(unescaped_from));
  } else {
    add_cell(raw);
  }
  at = close + 1;
  if (at < limit && !ends_cell_[static_cast<unsigned char>(*at)]) {
    fault_ = Rejection::kBrokenQuoting;
    while (at < limit && !ends_cell_[static_cast<unsigned char>(*at)]) ++at;
  }
  return at;
}

void CsvRecords::add_cell(std::string_view cell) {
  if (cells_.size() < limits_.columns_max) {
    cells_.push_back(cell);
  } else if (!fault_) {
    fault_ = Rejection::kTooManyColumns;
  }
}

// What is shown is its first line. An open quotation mark may be a mistake of that line alone, so
// the next record begins on the next line; what is only long has its end somewhere ahead.
bool CsvRecords::give_up_line(CsvRecord& record, Rejection fault) {
  const std::string_view rest = std::string_view(buffer_).substr(position_);
  const std::string_view reach = rest.substr(0, limits_.entry_bytes_max + 1);
  const auto line_end = std::ranges::find_if(reach, is_line_end);
  const std::string_view text = reach.substr(0, static_cast<std::size_t>(line_end - reach.begin()));
  cells_.clear();
  record = {.cells = {}, .text = text, .line = line_, .fault = fault};
  const bool only_long = fault == Rejection::kTooLong;
  if (only_long) line_ += lines_inside_;
  position_ += only_long ? reach.size() : text.size();
  skipping_ = only_long || line_end == reach.end();
  if (!skipping_) pass_line_end(buffer_.data() + position_);
  return true;
}

bool CsvRecords::skip_rest_of_line() {
  const auto rest = std::string_view(buffer_).substr(position_);
  const auto line_end = std::ranges::find_if(rest, is_line_end);
  position_ += static_cast<std::size_t>(line_end - rest.begin());
  if (line_end == rest.end()) return false;
  skipping_ = false;
  pass_line_end(buffer_.data() + position_);
  return true;
}

void CsvRecords::pass_line_end(const char* at) {
  ++line_;
  ++position_;
  skip_line_feed_ = *at == '\r';
}

}  // namespace verihook::jobs
