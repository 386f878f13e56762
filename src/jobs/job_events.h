// What a job tells the world: the events of its life, and when progress is worth one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jobs/download_links.h"
#include "model/event.h"
#include "model/job.h"
#include "model/verification.h"

namespace verihook::jobs {

// Progress is told at most this often, and not for less than one per cent of the list.
inline constexpr Milliseconds kProgressInterval{5'000};

bool progress_is_due(const model::Job& job, WallTime now);

// What is known of a job beside what is stored of it.
struct Outlook {
  std::optional<double> rows_per_ms;       // the pace now; nothing while there is none to speak of
  std::int64_t parked_count = 0;           // rows that wait for a server that said "later" …
  std::optional<WallTime> parked_until{};  // … until then at least
};

// When the last row will have its result if it goes on like this: the rows that can be asked by the
// pace, and not before those that are parked may be asked again. Nothing for a job that is not
// being worked on.
std::optional<WallTime> estimate_completion(const model::Job& job, const Outlook& outlook,
                                            WallTime now);

// Each without an id: the caller gives one.
model::Event progress_event(const model::Job& job, const Outlook& outlook, WallTime now);
model::Event completed_event(const model::Job& job, const DownloadLinks& links, WallTime now);
// For failed and cancelled jobs.
model::Event failed_event(const model::Job& job, const DownloadLinks& links, WallTime now);
// Of a verification of one address; `result` is canonical JSON.
model::Event verified_event(const model::Verification& verification, std::string_view result,
                            WallTime now);

}  // namespace verihook::jobs
