// The JSON parser for everything that comes from outside. Boost.JSON reads the grammar and checks
// UTF-8 and surrogates; this adds what it lets pass: duplicate keys (it silently keeps the last, so
// two readers of one body can see two values), integers that a double cannot hold, numbers that
// overflow. Error messages are one sentence and name the member, e.g. "options.smtp". Pure; any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"

namespace verihook::webhooks {

struct JsonLimits {
  // Arrays and objects inside one another. One more than metadata may have, for the body around it.
  std::size_t depth_max = 33;
  std::size_t bytes_max = std::size_t{1} << 30;
  // Integers beyond 2^53 in either direction are refused, because JavaScript changes them.
  bool refuse_large_integers = true;
  // What messages call the outermost value; empty for a request body.
  std::string name;
};

// For bodies that others compose and that are only looked into (received webhooks): larger integers
// pass. Everything else stays refused.
JsonLimits received_json_limits();

// Fails with kInvalidArgument (not JSON, or JSON that is refused) or kTooLarge (past bytes_max).
Result<boost::json::value> parse_strict_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace verihook::webhooks
