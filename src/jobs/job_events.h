// What a job tells the world: the events of its life, and when progress is worth one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/event.h"
#include "model/job.h"

namespace verihook::jobs {

// Progress is told at most this often, and not for less than one per cent of the list.
inline constexpr Milliseconds kProgressInterval{5'000};

// Where the results of a job are: the download_url of its events.
std::string download_url(std::string_view public_url, std::string_view job_id);

bool progress_is_due(const model::Job& job, WallTime now);

// From the rate so far; nothing while there is none.
std::optional<WallTime> estimate_completion(const model::Job& job, WallTime now);

// Each without an id: the caller gives one.
model::Event progress_event(const model::Job& job, WallTime now);
model::Event completed_event(const model::Job& job, std::string_view public_url, WallTime now);
// For failed and cancelled jobs.
model::Event failed_event(const model::Job& job, std::string_view public_url, WallTime now);

}  // namespace verihook::jobs
