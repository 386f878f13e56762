// and_finally: a task, and what has to be done after it however it ends: with a value, by an
// exception or by a cancellation. What is done then cannot be cancelled; the caller waits for it.
#pragma once

#include <exception>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "async/task.h"

namespace verihook {

template <class T>
Task<T> and_finally(Task<T> work, Task<void> after) {
  std::optional<T> value;
  std::exception_ptr thrown;
  try {
    value.emplace(co_await std::move(work));
  } catch (...) {
    thrown = std::current_exception();
  }
  // A cancelled coroutine may wait no more, unless it says so.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::co_spawn(
      co_await asio::this_coro::executor, std::move(after),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  co_await asio::this_coro::throw_if_cancelled(true);
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*value);
}

}  // namespace verihook
