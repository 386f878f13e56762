// LineList: one entry a line, as plain text or as JSON. Lines end in LF, CR LF or CR; empty ones
// are no entries, but they count, so that an entry's number is its line. Pure; one thread. Memory:
// one piece and one line.
#pragma once

#include <string>
#include <string_view>

#include "jobs/intake/encoding.h"
#include "jobs/intake/json_entry.h"
#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

class LineList : public ListReader {
 public:
  LineList(ListSink& sink, const ListLimits& limits) : sink_(sink), limits_(limits) {}

  Result<void> feed(std::string_view piece) final;
  Result<void> finish() final;

 protected:
  // A line that is not blank, without its end and without white space around it.
  virtual Result<void> take(std::int64_t number, std::string_view line) = 0;

  ListSink& sink_;
  const ListLimits limits_;

 private:
  Result<void> take_line(std::string_view line);

  std::string rest_;  // the beginning of a line
  std::int64_t number_ = 0;
  EncodingWatch encoding_;
  bool too_long_ = false;        // the line that is arriving
  bool skip_line_feed_ = false;  // the last line ended in CR
};

// Plain text: an address a line, as it stands or as `Name <address>`, perhaps with a comma or a
// semicolon behind it. A first line that is the name of an address column is left out.
class TextList final : public LineList {
 public:
  using LineList::LineList;

 private:
  Result<void> take(std::int64_t number, std::string_view line) override;
};

// NDJSON: an address in quotation marks a line, or an object.
class NdjsonList final : public LineList {
 public:
  NdjsonList(ListSink& sink, const ListLimits& limits, std::string email_member)
      : LineList(sink, limits), entries_(sink, limits, std::move(email_member)) {}

 private:
  Result<void> take(std::int64_t number, std::string_view line) override;

  JsonEntries entries_;
};

}  // namespace verihook::jobs
