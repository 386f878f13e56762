// RejectionLog: one line per source and minute about what a source refuses (or would refuse, in
// shadow mode), with how many there were. Whoever sends forged requests must not be able to fill
// the log, nor to be an error in it: a bad signature is a warning. Lives on the io thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "gateway/outcome.h"
#include "model/source.h"

namespace verihook::gateway {

inline constexpr Milliseconds kRejectionLogInterval{60'000};

class RejectionLog {
 public:
  explicit RejectionLog(const Clock& clock) : clock_(clock) {}
  RejectionLog(const RejectionLog&) = delete;
  RejectionLog& operator=(const RejectionLog&) = delete;

  // `detail` says why, without a secret or a part of the payload. True when a line was written.
  bool note(const model::Source& source, Outcome outcome, std::string_view detail);

 private:
  struct Window {
    MonotonicTime next_line{};
    std::uint64_t unreported = 0;
  };

  const Clock& clock_;
  std::unordered_map<std::string, Window> windows_;  // by source id: as many as there are sources
};

}  // namespace verihook::gateway
