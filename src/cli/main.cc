// The program `verihook`: reads the command line and hands over to the command.
#include <csignal>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/terminal.h"

int main(int argc, char** argv) {
  // A reader that goes away (`| head`) is an error of write(), not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto parsed = verihook::cli::parse_command_line(
        std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    if (const auto* ending = std::get_if<verihook::cli::Ending>(&parsed)) {
      verihook::cli::write(verihook::cli::Channel::kOut, ending->out);
      verihook::cli::write(verihook::cli::Channel::kError, ending->error);
      return ending->exit_code;
    }
    return std::visit([](const auto& options) { return verihook::cli::run(options); },
                      std::get<verihook::cli::Invocation>(parsed));
  } catch (const std::exception& error) {
    verihook::cli::write(verihook::cli::Channel::kError,
                         fmt::format("verihook: unexpected fault: {}\n", error.what()));
    return verihook::cli::kFailed;
  }
}
