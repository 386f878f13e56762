#include "destinations/command_destination.h"

#include <algorithm>
#include <array>

#include "destinations/event_facts.h"
#include "destinations/failure.h"
#include "destinations/http_destination.h"
#include "destinations/stored_settings.h"

namespace verihook::destinations {
namespace {

constexpr std::array kPassingExitCodes = {69, 71, 74, 75};

std::string variable_of(std::string_view fact) {
  std::string name = "VERIHOOK_";
  for (const char c : fact) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

delivery::AttemptResult not_started(const Error& error) {
  delivery::AttemptResult result = failed(error);
  // A program that is being replaced is missing for a moment.
  result.retryable = true;
  return result;
}

}  // namespace

delivery::AttemptResult outcome_of(const CommandEnd& end) {
  delivery::AttemptResult result;
  if (end.wrote_too_much) {
    result = failed({Errc::kTooLarge, "the command wrote more than 1 MiB and was ended"});
  } else if (end.timed_out) {
    result = failed({Errc::kTimeout, "the command did not end in time and was ended"});
  } else if (end.signal_number != 0) {
    result.error_class = "exit_status";
    result.error = "the command was ended by signal " + std::to_string(end.signal_number);
  } else if (end.exit_code != 0) {
    result.error_class = "exit_status";
    result.error = "the command ended with exit code " + std::to_string(end.exit_code);
    result.retryable =
        std::ranges::find(kPassingExitCodes, end.exit_code) != kPassingExitCodes.end();
  } else {
    result.success = true;
  }
  result.status_code = end.exit_code;
  result.response_head = response_head(end.output);
  return result;
}

Task<delivery::AttemptResult> CommandDestination::attempt(const model::Destination& destination,
                                                          const model::Event& event,
                                                          const model::Delivery& delivery,
                                                          Deadline deadline) {
  const Clock& clock = timers_.clock();
  const StoredSettings settings(destination.settings);
  Command command;
  command.arguments = settings.texts(command_setting::kCommand);
  if (command.arguments.empty()) {
    co_return failed({Errc::kInternal, "the destination has no command"});
  }
  command.environment = environment_;
  for (auto& [name, value] : facts_of(event, delivery)) {
    command.environment.emplace_back(variable_of(name), std::move(value));
  }
  command.environment.emplace_back("VERIHOOK_DESTINATION", destination.name);
  command.environment.emplace_back("VERIHOOK_ATTEMPT", std::to_string(delivery.attempt_count + 1));
  command.input = payload_of(event, clock.wall_now());
  const std::chrono::seconds timeout{
      settings.number(command_setting::kTimeout, kCommandTimeoutDefault)};
  const auto end = co_await run_command(pool_, timers_, std::move(command),
                                        deadline.sooner(Deadline::after(clock, timeout)));
  co_return end ? outcome_of(*end) : not_started(end.error());
}

}  // namespace verihook::destinations
