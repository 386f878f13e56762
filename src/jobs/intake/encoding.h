// In what encoding a list is: UTF-8 is read, everything else gets an answer that says what it seems
// to be. What the first bytes show is refused at once; entries are looked at one by one, and when
// many are no UTF-8 and none is beyond ASCII, the whole list is in another encoding. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "jobs/intake/list_sink.h"

namespace verihook::jobs {

// How many bytes check_start wants to see, or all there are.
inline constexpr std::size_t kStartBytes = 512;

// The length of the byte order mark to leave out. kInvalidArgument for UTF-16 and UTF-32, with or
// without a mark, and for what is no text at all (ZIP and so Excel, PDF).
Result<std::size_t> check_start(std::string_view start);

// Of one list.
class EncodingWatch {
 public:
  // Why this entry cannot be read; nothing when it can.
  std::optional<Rejection> look(std::string_view entry);
  // kInvalidArgument as soon as the whole list is plainly not UTF-8.
  Result<void> verdict() const;

 private:
  std::int64_t beyond_ascii_ = 0;
  std::int64_t not_utf8_ = 0;
};

}  // namespace verihook::jobs
