// The time that a received body claims: member `timestamp`, as ISO 8601 text or a number since
// 1970. It is signed with the body, so it limits how long a captured request can be sent again.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/clock.h"

namespace verihook::webhooks {

struct BodyTimestampRule {
  Milliseconds tolerance{300'000};
  bool required = false;  // false: a body without one passes
  std::string member = "timestamp";
};

enum class BodyTimestamp {
  kOk,         // within the tolerance, or absent and not required
  kMissing,    // required and absent or null
  kMalformed,  // neither ISO 8601 text nor a number
  kStale,      // further from now than the tolerance, in either direction
};
std::string_view to_string(BodyTimestamp verdict);

// The time that the member tells; nothing when it is absent or malformed.
std::optional<WallTime> body_timestamp(const boost::json::value& body, std::string_view member);

// Numbers are seconds, or milliseconds from 1e11 on (as seconds, that is the year 5138).
BodyTimestamp check_body_timestamp(const boost::json::value& body, WallTime now,
                                   const BodyTimestampRule& rule);

}  // namespace verihook::webhooks
