#include "cli/event_stream.h"

#include <utility>

namespace verihook::cli {

bool EventStream::take(std::string_view piece) {
  for (;;) {
    const std::size_t end = piece.find('\n');
    line_ += piece.substr(0, end);
    if (line_.size() + event_.data.size() > kEventBytesMax) return false;
    if (end == piece.npos) return true;
    piece.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    take_line(std::exchange(line_, {}));
  }
}

void EventStream::take_line(std::string_view line) {
  if (line.empty()) {
    if (event_.name.empty()) event_.name = "message";
    if (std::exchange(has_data_, false)) on_event_(std::move(event_));
    event_ = {};
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_.name = value;
  if (field != "data") return;
  if (std::exchange(has_data_, true)) event_.data += '\n';
  event_.data += value;
}

}  // namespace verihook::cli
