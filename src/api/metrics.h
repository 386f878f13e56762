// The metrics of the whole program in Prometheus's text format. What the store knows (jobs and
// deliveries by state) is counted at each scrape; the rest is read from the parts' own counters.
#pragma once

#include <string>

#include "api/context.h"

namespace verihook::api {

Task<Result<std::string>> metrics_text(Context& context);

}  // namespace verihook::api
