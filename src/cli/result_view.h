// Results for people, out of the API's result objects. Pure.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "cli/progress.h"
#include "cli/terminal.h"

namespace verihook::cli {

// One address with its verdict and the evidence for it, several lines.
std::string verdict_text(const Terminal& terminal, const boost::json::object& result);

// The table of a job's summary object.
std::string summary_table(const Terminal& terminal, const boost::json::object& summary);

// The counts of a job object (GET /v1/bulk/{job_id}).
Progress progress_of(const boost::json::object& job);

}  // namespace verihook::cli
