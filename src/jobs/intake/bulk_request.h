// What a caller says about a list beside the list: one table of parameters, given as members of a
// JSON body, as query parameters, or as fields of a form. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/job.h"

namespace verihook::jobs {

struct BulkRequest {
  std::string name;
  model::JobOptions options;
  std::string metadata = "{}";  // canonical JSON
  std::string webhook_url;      // empty: none
  std::string webhook_secret;
  std::string email_column;  // a name, a number from 1, or empty: it is found
  bool start = true;         // false: the job waits, paused, until it is told to begin
};

// Reads one parameter in its text form into `request`. kInvalidArgument when its value is wrong or
// there is none of this name.
Result<void> read_parameter(std::string_view name, std::string_view text, BulkRequest& request);

// Reads the members of a JSON body (without `emails`) into `request`.
Result<void> read_members(std::string_view json, BulkRequest& request);

// What no single parameter can say: kInvalidArgument when two do not fit together.
Result<void> check_parameters(const BulkRequest& request);

}  // namespace verihook::jobs
