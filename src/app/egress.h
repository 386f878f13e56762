// The names and sources with which mail servers are asked, out of the configuration.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "verification/egress.h"

namespace verihook::app {

// smtp.helo, or the host's name.
std::string helo_of(const Config& config);
// smtp.mail_from, or verify@ and the former.
std::string mail_from_of(const Config& config);
// smtp.sources with these names where they give none; at least one.
std::vector<verification::EgressSource> egress_sources_of(const Config& config);

}  // namespace verihook::app
