// JobWatch: follows one job of a server until it ends and shows how far it is: a bar that stays in
// its place on a terminal, a line now and then elsewhere. One io thread.
#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "async/timers.h"
#include "cli/api_client.h"
#include "cli/progress.h"
#include "cli/terminal.h"

namespace verihook::cli {

// A line at the bottom that is written over: what stands above it is printed through this.
class StatusLine {
 public:
  explicit StatusLine(Channel channel) : channel_(channel), terminal_(terminal_of(channel)) {}
  const Terminal& terminal() const { return terminal_; }

  void show(std::string line);
  void clear();
  // Leaves the line where it is and begins a new one.
  void keep();
  // Ordinary text, complete with its line end, above the line.
  void print(std::string_view text);

 private:
  const Channel channel_;
  Terminal terminal_;
  std::string shown_;
};

class JobWatch {
 public:
  // `indent` stands before everything that is shown.
  JobWatch(ApiClient& client, Timers& timers, StatusLine& status, std::string indent = {})
      : client_(client), timers_(timers), status_(status), indent_(std::move(indent)) {}

  // The job as it is when it has ended; kCancelled when the watching was.
  Task<Result<boost::json::object>> until_final(std::string job_id);

 private:
  void show(const boost::json::object& job);

  ApiClient& client_;
  Timers& timers_;
  StatusLine& status_;
  const std::string indent_;
  RateMeter rate_;
  std::int64_t percent_told_ = -1;  // without a terminal: the last step that was printed
};

// Whether nothing more happens to a job in this state.
bool is_final_state(std::string_view state);

}  // namespace verihook::cli
