// run_task: runs a coroutine to its end on the test's io context, and hands out what it returned.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "async/task.h"

namespace verihook::testing {

template <class T>
T run_task(asio::io_context& io, Task<T> task) {
  std::optional<T> value;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T result) {
    if (error) std::rethrow_exception(error);
    value.emplace(std::move(result));
  });
  io.restart();
  while (!value && io.run_one() > 0) {
  }
  return std::move(value.value());
}

}  // namespace verihook::testing
