// ClientSession: what a command that calls others runs on: an io context of its own, real time, and
// a way to run one coroutine to its end. One thread; for the length of one command.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "async/timers.h"
#include "base/result.h"
#include "cli/api_client.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace verihook::cli {

// Says what went wrong, and the exit code for it.
inline int complain(const Error& error) {
  write(Channel::kError, "verihook: " + printable(error.message) + "\n");
  return kFailed;
}

// A file's or, for "-", standard input's whole content.
Result<std::string> read_input(const std::string& path);

class ClientSession {
 public:
  ClientSession() = default;
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  asio::io_context& io() { return io_; }
  asio::any_io_executor executor() { return io_.get_executor(); }
  Timers& timers() { return timers_; }
  const Clock& clock() const { return clock_; }

  // Runs `task` to its end. SIGINT and SIGTERM cancel it, which is kCancelled.
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    std::optional<Result<T>> answer;
    std::exception_ptr fault;
    bool ended = false;
    asio::cancellation_signal cancel;
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    bool interrupted = false;
    signals.async_wait([&](boost::system::error_code error, int) {
      if (error) return;
      interrupted = true;
      cancel.emit(asio::cancellation_type::terminal);
    });
    asio::co_spawn(io_, std::move(task),
                   asio::bind_cancellation_slot(cancel.slot(),
                                                [&](std::exception_ptr error, Result<T> result) {
                                                  fault = error;
                                                  if (!error) answer.emplace(std::move(result));
                                                  ended = true;
                                                  signals.cancel();
                                                }));
    io_.restart();
    while (!ended && io_.run_one() > 0) {
    }
    if (interrupted && (fault || !*answer)) return fail(Errc::kCancelled, "interrupted");
    if (fault) std::rethrow_exception(fault);
    return std::move(*answer);
  }

 private:
  SystemClock clock_;
  RealTimers timers_{clock_};
  asio::io_context io_{1};
};

// Runs a command over the API: Task<Result<int>>(ApiClient&), or with the Timers beside the client
// for those that wait; its number is the exit code.
template <class Command>
int with_client(const Connection& connection, Command command) {
  ClientSession session;
  auto client = ApiClient::create(session.executor(), session.timers(), connection);
  if (!client) return complain(client.error());
  const auto code = session.run([&] {
    if constexpr (std::is_invocable_v<Command&, ApiClient&, Timers&>) {
      return command(**client, session.timers());
    } else {
      return command(**client);
    }
  }());
  return code ? *code : complain(code.error());
}

}  // namespace verihook::cli
