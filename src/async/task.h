// Task<T>: a coroutine of this program. It starts when it is awaited or spawned, runs on the io
// thread of whoever started it and is cancelled through Asio's cancellation slots. Coroutines are
// named functions that take their arguments by value, or by reference to what is certain to outlive
// them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace verihook {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

// `auto [ec, …] = co_await operation(kAsTuple)`: errors of the operating system are values here.
inline constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// `if (cancelled(co_await asio::this_coro::cancellation_state))`: somebody asked this coroutine to
// stop. After a terminal cancel the next co_await on anything but this_coro throws
// operation_aborted, which unwinds to the TaskGroup; clean-up that must still wait first says
// `co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation())`.
inline bool cancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace verihook
