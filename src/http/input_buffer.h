// InputBuffer: bytes received and not yet used, in one piece. Grows only as far as it is asked to.
// One thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace verihook::http {

class InputBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }

  // Room for at least one byte more, within `capacity_bytes` in all; empty when that is used up.
  // Invalidates views.
  std::span<char> room(std::size_t capacity_bytes) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == capacity_ || capacity_ < capacity_bytes / 4) make_room(capacity_bytes);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  // Gives memory back when nothing is held.
  void shrink(std::size_t capacity_bytes) {
    if (size() > 0 || capacity_ <= capacity_bytes) return;
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t capacity_max) {
    const std::size_t held = size();
    if (begin_ > 0 && held < capacity_ / 2) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      const std::size_t wanted = std::max(capacity_max / 4, capacity_ * 2);
      const std::size_t capacity = std::max(std::min(wanted, capacity_max), held);
      auto data = std::make_unique_for_overwrite<char[]>(capacity);
      if (held > 0) std::memcpy(data.get(), data_.get() + begin_, held);
      data_ = std::move(data);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace verihook::http
