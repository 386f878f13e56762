// run_on: blocking or heavy work on a pool of threads, awaited from an io thread. The function runs
// on the pool, the caller goes on where it was. (`co_await post(pool, use_awaitable)` would come
// back to the io thread and block it.) What has started cannot be cancelled; the caller waits for
// it.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>

#include "async/task.h"

namespace verihook {

template <class Function>
Task<std::invoke_result_t<Function&>> run_on(asio::thread_pool& pool, Function function) {
  using Value = std::invoke_result_t<Function&>;
  auto body = [](Function call) -> Task<Value> { co_return call(); };
  // The empty slot keeps a cancellation of the caller from crossing threads, which Boost 1.81 gets
  // wrong.
  co_return co_await asio::co_spawn(
      pool, body(std::move(function)),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

// The same where there may be no pool: then the function runs on the spot (simulations, which have
// one thread).
template <class Function>
Task<std::invoke_result_t<Function&>> run_on(asio::thread_pool* pool, Function function) {
  if (pool == nullptr) co_return function();
  co_return co_await run_on(*pool, std::move(function));
}

}  // namespace verihook
