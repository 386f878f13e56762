// EventStream: the text of server-sent events (HTML Living Standard, section 9.2) taken in pieces
// and given out as whole events. Comments, which only keep the connection open, are passed over;
// what a broken connection leaves unfinished is dropped. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace verihook::cli {

struct StreamEvent {
  std::string name;  // "message" when it has none
  std::string data;  // its lines, joined by line feeds
};

class EventStream {
 public:
  explicit EventStream(std::function<void(StreamEvent)> on_event)
      : on_event_(std::move(on_event)) {}

  // False when an event is longer than the limit: the other side does not speak this protocol.
  bool take(std::string_view piece);

 private:
  void take_line(std::string_view line);

  static constexpr std::size_t kEventBytesMax = std::size_t{16} << 20;

  std::function<void(StreamEvent)> on_event_;
  std::string line_;
  StreamEvent event_;
  bool has_data_ = false;
};

}  // namespace verihook::cli
