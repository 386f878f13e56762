// The sample list of the demonstration: sandbox addresses for every reason, some that are no
// addresses at all, and enough ordinary ones that progress can be watched. Pure.
#pragma once

#include <string>
#include <vector>

namespace verihook::cli {

std::vector<std::string> demo_addresses();

}  // namespace verihook::cli
