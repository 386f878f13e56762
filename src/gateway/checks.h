// The checks that a request passes behind the address and the size (contract, section 6): the
// signature, JSON, the time, the tenant, in this order and judged at the time of its arrival. One
// function for what knocks at the door and for what was refused there and is looked at again. Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/clock.h"
#include "gateway/outcome.h"
#include "gateway/sources.h"
#include "http/message.h"

namespace verihook::gateway {

// A request as it came.
struct Arrived {
  const http::Headers& headers;
  std::string_view body;
  WallTime at;
};

struct Refusal {
  Outcome outcome = Outcome::kInvalidSignature;
  std::string detail;  // why, without a secret or a part of the payload
};

struct Checked {
  boost::json::value json;        // null when the body is none
  std::string routed_tenant;      // whose it says it is, to be looked up; empty: the source's
  std::vector<Refusal> refusals;  // empty: all is well
};

enum class OnRefusal {
  kStop,  // the first refusal decides
  kGoOn,  // all are wanted: the source is a shadow
};
Checked check(const PreparedSource& door, const Arrived& arrived, OnRefusal on_refusal);

}  // namespace verihook::gateway
