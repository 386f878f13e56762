#include "jobs/intake/line_list.h"

#include <algorithm>

#include "base/text.h"
#include "jobs/intake/email_column.h"

namespace verihook::jobs {
namespace {

// What stands between the brackets of `Name <address>`, where nothing else can be meant.
std::string_view address_in(std::string_view line) {
  if (line.ends_with(',') || line.ends_with(';')) line = trim(line.substr(0, line.size() - 1));
  if (!line.ends_with('>')) return line;
  const auto open = line.find('<');
  if (open == line.npos) return line;
  const auto inside = line.substr(open + 1, line.size() - open - 2);
  const bool plain = looks_like_address(inside) && !inside.contains('<') && !inside.contains('>') &&
                     !line.substr(0, open).contains('@');
  return plain ? inside : line;
}

}  // namespace

Result<void> LineList::feed(std::string_view piece) {
  while (!piece.empty()) {
    if (std::exchange(skip_line_feed_, false) && piece.front() == '\n') {
      piece.remove_prefix(1);
      continue;
    }
    const auto end = piece.find_first_of("\r\n");
    const std::string_view part = piece.substr(0, end);
    const bool complete = end != piece.npos;
    if (complete && rest_.empty() && !too_long_) {
      TRY_VOID(take_line(part));
    } else {
      // One byte too many is enough to know.
      rest_.append(part.substr(0, limits_.entry_bytes_max + 1 - rest_.size()));
      too_long_ = rest_.size() > limits_.entry_bytes_max;
      if (complete) TRY_VOID(take_line(std::exchange(rest_, {})));
    }
    if (!complete) return {};
    skip_line_feed_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
  }
  return {};
}

Result<void> LineList::finish() {
  if (rest_.empty()) return {};
  return take_line(std::exchange(rest_, {}));
}

Result<void> LineList::take_line(std::string_view line) {
  ++number_;
  too_long_ = false;
  // No more of it than is kept of one that arrives in pieces.
  line = line.substr(0, limits_.entry_bytes_max + 1);
  const std::string_view content = trim(line);
  if (content.empty()) return {};
  const bool too_long = line.size() > limits_.entry_bytes_max;
  const auto fault = too_long ? std::optional(Rejection::kTooLong) : encoding_.look(line);
  if (!fault) return take(number_, content);
  sink_.reject({number_, number_, *fault, excerpt_of(line)});
  return encoding_.verdict();
}

Result<void> TextList::take(std::int64_t number, std::string_view line) {
  const std::string_view address = address_in(line);
  if (number == 1 && is_email_name(address)) return {};
  if (address.size() > limits_.email_bytes_max) {
    sink_.reject({number, number, Rejection::kTooLong, excerpt_of(line)});
    return {};
  }
  ListRow row;
  row.number = number;
  row.email = address;
  return sink_.row(row);
}

Result<void> NdjsonList::take(std::int64_t number, std::string_view line) {
  return entries_.take_text(number, number, line);
}

}  // namespace verihook::jobs
