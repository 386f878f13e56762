// Request: one call of Database::write or ::read on its way. RequestQueue: where io threads leave
// requests and the store's threads take them; every function may be called by any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "store/connection.h"

namespace verihook::store {

struct Request {
  bool is_write = false;
  bool is_scrub = false;  // a write without work: Driver::scrub
  std::function<Result<void>(Connection&)> work;
  boost::asio::any_io_executor executor;  // where the caller goes on
  std::move_only_function<void(Result<void>)> resume;
  Result<void> result;
};

// Moves those for which `wanted` holds out of `requests`; both keep their order.
std::vector<Request> take_out(std::vector<Request>& requests,
                              const std::function<bool(const Request&)>& wanted);

class RequestQueue {
 public:
  // False when there are `limit` already; the request is untouched then.
  bool push(Request& request, std::size_t limit);
  // Up to `count` requests, oldest first; waits for the first. Empty when closed and drained.
  std::vector<Request> take(std::size_t count);
  // From now on `take` does not wait.
  void close();
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Request> requests_;
  std::size_t begin_ = 0;  // those before it have been taken
  std::size_t waiting_ = 0;
  bool closed_ = false;
};

}  // namespace verihook::store
