// An entry of a list that is no row: nothing of it was verified, and it is shown to whoever sent
// it.
#pragma once

#include <cstdint>
#include <string>

namespace verihook::model {

struct RejectedEntry {
  std::int64_t number = 0;  // from 1, its place in the list, a header line left out
  std::int64_t line = 0;    // from 1, where it begins; 0: not known (JSON)
  std::string reason;       // a token of jobs/intake/list_sink.h
  std::string excerpt;      // its beginning, made printable
};

}  // namespace verihook::model
