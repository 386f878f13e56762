// How a chunk is stored. Its input: the rows, length-prefixed, compressed with zstd. Its results:
// one canonical JSON object a line, compressed likewise, so that a download needs no second
// serialisation. A segment (results since the last checkpoint, in any order) and a final result
// (all rows, in input order) have one form. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace verihook::jobs {

struct InputRow {
  std::int64_t number = 0;  // from 1, in the whole list
  std::string email;
  std::string id{};    // the caller's; empty: none
  std::string data{};  // the caller's columns, canonical JSON; empty: none

  friend bool operator==(const InputRow&, const InputRow&) = default;
};

// Fails only when what was stored is damaged: kStorageFailed.
std::string encode_rows(const std::vector<InputRow>& rows);
Result<std::vector<InputRow>> decode_rows(std::string_view encoded);

struct ResultLine {
  std::int64_t number = 0;  // the row's
  std::string json;         // the result object, without line end
};

// Lines in the order given; each is "number TAB json LF" before compression.
std::string encode_results(const std::vector<ResultLine>& lines);
// Appends to `lines`.
Result<void> decode_results(std::string_view encoded, std::vector<ResultLine>& lines);

}  // namespace verihook::jobs
