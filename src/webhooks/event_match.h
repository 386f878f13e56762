// Which events a filter lets through. A filter is an event type ("bulk.completed"), everything
// under a name ("bulk.*") or everything ("*"). Event types are full-stop hierarchies and compared
// exactly.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"

namespace verihook::webhooks {

// True when any of the filters matches; an empty list matches nothing.
bool event_matches(std::string_view event_type, std::span<const std::string> filters);

// True when the `metadata` of this payload has every member of `filter` with the same value; an
// empty filter lets everything through, a payload that is no JSON object with metadata nothing
// else.
bool metadata_matches(std::string_view payload, std::string_view filter);

// Fails with one sentence unless `filter` is an object of at most 20 texts, numbers, booleans and
// nulls.
Result<void> check_metadata_filter(const boost::json::value& filter);

// Fails with one sentence when `filter` is not "*", "name.*" or a type made of [A-Za-z0-9_.-]. It
// says nothing of whether such an event exists: received events have types of their own.
Result<void> check_event_filter(std::string_view filter);

}  // namespace verihook::webhooks
