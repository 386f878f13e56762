// A time in the form of to_iso8601 (base/clock.h), written behind what stands in a string already:
// for the loops that write millions of them. Pure.
#pragma once

#include <string>

#include "base/clock.h"

namespace verihook {

// A time outside the years 0 to 9999 is written as the nearest one inside.
void append_iso8601(std::string& out, WallTime time);

}  // namespace verihook
