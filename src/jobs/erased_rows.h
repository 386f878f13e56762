// Erased rows: what is left of a row when its address has been erased: its number, its verdict in
// kind, and nothing that says whose it was. So counts and order stay as they are. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "address/spellings.h"
#include "jobs/chunk_codec.h"
#include "model/job.h"
#include "model/verdict.h"
#include "store/jobs.h"

namespace verihook::jobs {

inline bool is_erased(const InputRow& row) { return row.email == address::kErasedAddress; }

// A result object from which the address is gone: all that identifies it when it is the address's
// own, else the places where it is named.
Result<std::string> erase_in_result(std::string_view json, const address::Spellings& spellings);

// What a stored chunk becomes.
struct ErasedChunk {
  std::string input;
  std::vector<std::string> segments;  // of a chunk that is not done
  std::string result;                 // of one that is
  std::int64_t rows = 0;              // changed
};
// Nothing when the address is not in it. `stored` holds its input.
Result<std::optional<ErasedChunk>> erase_in_chunk(const store::ChunkResults& stored,
                                                  const address::Spellings& spellings);

}  // namespace verihook::jobs
