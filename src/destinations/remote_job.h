// How a bulk event changes the row of its provider's job. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "model/contact.h"
#include "model/event.h"

namespace verihook::destinations {

// Members of a payload; what is absent or of another type is empty, 0 or false.
std::string text_of(const boost::json::object& payload, std::string_view name);
std::int64_t count_of(const boost::json::object& payload, std::string_view name);
bool truth_of(const boost::json::object& payload, std::string_view name);

// All take the row as it is (or a new one that has only its key) and change it.
void apply_completed(model::RemoteJob& row, const boost::json::object& payload);
void apply_failed(model::RemoteJob& row, const boost::json::object& payload);
// True when a further quarter was passed. A job that has ended stays ended, and counts never go
// backwards: progress may arrive late and in any order.
bool apply_progress(model::RemoteJob& row, const boost::json::object& payload);

// 0–4: whole quarters processed.
int quarter_of(std::int64_t processed_count, std::int64_t total_count);

// Whether the rest of a failed job is to be submitted: only with partial results, not when its
// owner cancelled it, and not when it was itself a retry that came to nothing, which could go on
// for ever.
bool wants_retry(const boost::json::object& payload);

}  // namespace verihook::destinations
