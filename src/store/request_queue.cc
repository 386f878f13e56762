#include "store/request_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace verihook::store {

std::vector<Request> take_out(std::vector<Request>& requests,
                              const std::function<bool(const Request&)>& wanted) {
  std::vector<Request> taken;
  std::vector<Request> left;
  for (Request& request : requests) {
    (wanted(request) ? taken : left).push_back(std::move(request));
  }
  requests = std::move(left);
  return taken;
}

bool RequestQueue::push(Request& request, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (requests_.size() - begin_ >= limit) return false;
  requests_.push_back(std::move(request));
  if (waiting_ > 0) arrived_.notify_one();
  return true;
}

std::vector<Request> RequestQueue::take(std::size_t count) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  arrived_.wait(lock, [&] { return closed_ || begin_ < requests_.size(); });
  --waiting_;
  std::vector<Request> taken;
  if (begin_ == 0 && requests_.size() <= count) {
    taken.swap(requests_);
    return taken;
  }
  const std::size_t end = std::min(requests_.size(), begin_ + count);
  const auto first = requests_.begin() + static_cast<std::ptrdiff_t>(begin_);
  const auto last = requests_.begin() + static_cast<std::ptrdiff_t>(end);
  taken.assign(std::make_move_iterator(first), std::make_move_iterator(last));
  begin_ = end;
  // Forgetting the taken half at a time keeps this linear and the memory bounded.
  if (begin_ * 2 >= requests_.size()) {
    requests_.erase(requests_.begin(), last);
    begin_ = 0;
  }
  return taken;
}

void RequestQueue::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  arrived_.notify_all();
}

std::size_t RequestQueue::size() const {
  const std::scoped_lock lock(mutex_);
  return requests_.size() - begin_;
}

}  // namespace verihook::store
