// with_deadline: an operation, but not for longer than that. When the deadline passes first, the
// operation is cancelled, waited for, and the answer is kTimeout; when the caller itself is
// cancelled, it is kCancelled. What the operation returns just as time runs out is kept.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include "async/timers.h"
#include "base/result.h"

namespace verihook {

template <class T>
Task<Result<T>> with_deadline(Timers& timers, Deadline deadline, Task<Result<T>> operation) {
  if (deadline.is_never()) co_return co_await std::move(operation);
  const auto executor = co_await asio::this_coro::executor;
  auto group = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, std::move(operation), asio::deferred),
      asio::co_spawn(executor, sleep_until(timers, deadline.time()), asio::deferred));
  auto [order, operation_error, result, timer_error] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0) {
    if (operation_error) std::rethrow_exception(operation_error);
    co_return std::move(result);
  }
  if (cancelled(co_await asio::this_coro::cancellation_state)) {
    co_return fail(Errc::kCancelled, "the operation was cancelled");
  }
  if (!operation_error && result) co_return std::move(result);
  co_return fail(Errc::kTimeout, "the operation did not end in time");
}

}  // namespace verihook
