// BoundedQueue<T>: hands values from producers to consumers on one io thread. A full queue makes
// producers wait, which is all the back-pressure there is. Closing lets consumers drain what is
// left (Asio's channels of Boost 1.81 drop it).
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "async/wait_list.h"

namespace verihook {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // False when the queue is closed or the waiting producer is cancelled; the value is dropped then.
  Task<bool> push(T value) {
    while (!closed_ && items_.size() >= capacity_) {
      const bool woken = co_await producers_.wait();
      if (!woken) co_return false;
    }
    if (closed_) co_return false;
    items_.push_back(std::move(value));
    consumers_.wake_one();
    co_return true;
  }

  // Without waiting; false when full or closed, and then `value` is untouched.
  bool try_push(T& value) {
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(value));
    consumers_.wake_one();
    return true;
  }

  // Nothing when the queue is closed and drained, or the waiting consumer is cancelled.
  Task<std::optional<T>> pop() {
    while (items_.empty()) {
      if (closed_) co_return std::nullopt;
      const bool woken = co_await consumers_.wait();
      if (!woken) co_return std::nullopt;
    }
    co_return take();
  }

  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    return take();
  }

  void close() {
    closed_ = true;
    producers_.wake_all();
    consumers_.wake_all();
  }

  std::size_t size() const { return items_.size(); }
  bool closed() const { return closed_; }

 private:
  T take() {
    T value = std::move(items_.front());
    items_.pop_front();
    producers_.wake_one();
    return value;
  }

  const std::size_t capacity_;
  std::deque<T> items_;
  bool closed_ = false;
  WaitList producers_;
  WaitList consumers_;
};

}  // namespace verihook
