// CommandDestination: hands an event to a program of the operator's on this host: the payload on
// standard input, the facts of the event (event_facts.h) in the environment as VERIHOOK_WEBHOOK_ID
// and so on. Only the configuration file defines such destinations, so nobody who has but an API
// key can have anything run.
//
// What the command writes is the attempt's response; its exit code is the status, and means what
// `outcome_of` says. Lives on the io thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "delivery/destination_handler.h"
#include "destinations/services/command_run.h"

namespace verihook::destinations {

// The members of `settings`, as they are called there.
namespace command_setting {
inline constexpr std::string_view kCommand = "command";  // the arguments, the program first
inline constexpr std::string_view kTimeout = "timeout_s";
}  // namespace command_setting
inline constexpr std::int64_t kCommandTimeoutDefault = 30;
inline constexpr std::int64_t kCommandTimeoutMax = 600;

// Exit codes: 0 is delivered; 69, 71, 74 and 75 (EX_UNAVAILABLE, EX_OSERR, EX_IOERR, EX_TEMPFAIL of
// sysexits.h) may pass and are tried again, as is a command that was ended by a signal or by us at
// its deadline; any other code would come again and is a dead letter.
delivery::AttemptResult outcome_of(const CommandEnd& end);

class CommandDestination final : public delivery::DestinationHandler {
 public:
  // All must outlive it. `environment` is what every command gets besides.
  CommandDestination(asio::thread_pool& pool, Timers& timers,
                     std::vector<std::pair<std::string, std::string>> environment)
      : pool_(pool), timers_(timers), environment_(std::move(environment)) {}

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;
  // With time to end what does not end by itself.
  Milliseconds attempt_timeout_ms() const override {
    return std::chrono::seconds{kCommandTimeoutMax + 10};
  }

 private:
  asio::thread_pool& pool_;
  Timers& timers_;
  const std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace verihook::destinations
