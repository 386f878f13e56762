// Job and Chunk: a list of addresses to verify, and the unit of work that it is cut into. A chunk
// of contiguous rows is what a worker leases, checkpoints, stores and recovers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/summary.h"

namespace verihook::model {

enum class JobState {
  kQueued,      // accepted, no chunk begun
  kParsing,     // its list is still being taken in
  kProcessing,  // chunks are being worked on
  kPaused,      // by the caller; goes on with resume
  kCompleted,   // every row has its result
  kFailed,      // ended early; error_code says why, results so far can be had
  kCancelled,   // by the caller
};
std::string_view to_string(JobState state);
std::optional<JobState> parse_job_state(std::string_view text);
// Chunks of such a job may be worked on.
inline bool is_active(JobState state) {
  return state == JobState::kQueued || state == JobState::kProcessing;
}
inline bool is_final(JobState state) {
  return state == JobState::kCompleted || state == JobState::kFailed ||
         state == JobState::kCancelled;
}

// What becomes of an address that a list names.
enum class DisposableAs { kRisky, kInvalid, kFlag };
enum class RoleAs { kFlag, kRisky };
enum class CatchAllAs { kRisky, kValid, kUnknown };
enum class Greylist {
  kWait,  // park the row and ask again
  kSkip,  // answer `greylisted` at once
};
// What counts as an address (address::SyntaxPolicy).
enum class Syntax {
  kStandard,  // what mail can be delivered to by name: quoted local parts too, no domain literals
  kStrict,    // all that RFC 5321 and RFC 6531 let stand in an envelope
  kWebForm,   // what a sign-up form should take
};
std::string_view to_string(Syntax syntax);
std::optional<Syntax> parse_syntax(std::string_view text);

// Which of a tenant's jobs goes first: one of a lower priority gets a turn when those above have
// nothing to give.
enum class Priority { kLow, kNormal, kHigh };

// What becomes of rows that repeat an earlier one of their list.
enum class Duplicates {
  kRemove,  // they are counted and left out
  kMark,    // they get the answer of the first, and say that they repeat it
};

struct JobOptions {
  bool smtp = true;
  Syntax syntax = Syntax::kStandard;
  DisposableAs disposable_as = DisposableAs::kRisky;
  RoleAs role_as = RoleAs::kFlag;
  CatchAllAs catch_all_as = CatchAllAs::kRisky;
  Greylist greylist = Greylist::kWait;
  bool cache = true;
  Priority priority = Priority::kNormal;
  Duplicates duplicates = Duplicates::kRemove;
  std::optional<std::int64_t> deadline_s;  // from the job's creation
  // Kept so long after its end, if that is shorter than what its tenant wants.
  std::optional<std::int64_t> retention_days;
};

struct Job {
  std::string tenant_id;
  std::string id;
  JobState state = JobState::kParsing;
  std::string name;
  JobOptions options;
  std::string metadata = "{}";       // the caller's object in canonical JSON
  std::int64_t total_count = 0;      // rows to verify: submitted less duplicates left out
  std::int64_t processed_count = 0;  // never goes backwards
  std::int64_t rejected_count = 0;   // entries of the list that are no rows
  std::int64_t chunk_count = 0;
  Summary summary;  // of the processed rows; `duplicates` of the whole list
  std::string error_code;
  std::string error_message;
  WallTime created_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::optional<WallTime> deadline_at;    // it fails when it has not ended by then
  WallTime progress_event_at{};           // when bulk.progress was last written …
  std::int64_t progress_event_count = 0;  // … and at what processed_count
};

enum class ChunkState {
  kOpen,    // waits for a worker
  kLeased,  // a worker has it until lease_until
  kParked,  // the rows that are left wait: it is open again at lease_until
  kDone,    // every row has its result
};

struct Chunk {
  std::string tenant_id;
  std::string job_id;
  std::int64_t number = 0;  // from 0, in input order
  ChunkState state = ChunkState::kOpen;
  std::int64_t row_count = 0;
  std::int64_t processed_count = 0;  // rows with a stored result
  Summary summary;                   // of those
  std::string lease_owner;           // a node's id
  WallTime lease_until{};
  std::int64_t fence = 0;  // grows with each lease; a write with an older number is refused
  // Leases since the last stored result that were not given back: each of them but the one that is
  // running ended in a crash (jobs/poison.h).
  std::int64_t leases = 0;
  std::int64_t parked_count = 0;  // rows that are to be asked again later
  std::int64_t times_parked = 0;
};

}  // namespace verihook::model
