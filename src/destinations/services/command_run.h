// Running a command: a program of the operator's, without a shell, with bytes on its standard input
// and an environment that says nothing of this program's own. What it writes to standard output and
// standard error is kept together, up to a limit; past the limit it is ended.
//
// At the deadline it gets SIGTERM and, some time later, SIGKILL, which nothing ignores; so does
// what it started, as long as that stayed in its process group. When the command itself has ended,
// what it left running in its group is killed. Cancelling the task kills at once.
//
// One io thread; the command is started on the pool, because that reads its file.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "async/timers.h"
#include "base/result.h"

namespace verihook::destinations {

struct Command {
  std::vector<std::string> arguments;  // the first is the program's absolute path
  std::vector<std::pair<std::string, std::string>> environment;  // all of it
  std::string input;
  std::size_t output_bytes_max = std::size_t{1} << 20;
  Milliseconds patience_ms{2'000};  // between SIGTERM and SIGKILL
};

struct CommandEnd {
  int exit_code = 0;            // when it ended by itself …
  int signal_number = 0;        // … else what ended it
  std::string output{};         // as much as may be kept
  bool timed_out = false;       // we ended it: the deadline had passed
  bool wrote_too_much = false;  // we ended it: its output was longer than may be kept
};

// Errors: kNotFound and kForbidden when there is no such program or it may not be run, kBusy when
// the system has no room for another process, kStorageFull for the input.
Task<Result<CommandEnd>> run_command(asio::thread_pool& pool, Timers& timers, Command command,
                                     Deadline deadline);

}  // namespace verihook::destinations
