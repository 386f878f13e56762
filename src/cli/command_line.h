// The command line: from the arguments to what is to be done, or to the text and exit code with
// which the program ends at once (help, version, wrong usage). Reads the environment variables that
// stand for options and nothing else. One thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/options.h"

namespace verihook::cli {

// The program ends: `out` goes to standard output, `error` to standard error.
struct Ending {
  int exit_code = kDone;
  std::string out;
  std::string error;
};

// `arguments` without the program's name.
std::variant<Invocation, Ending> parse_command_line(std::vector<std::string> arguments);

}  // namespace verihook::cli
