// FairSample: when is a host to say "it is me"? One mail server that does not answer is that
// server's business; when a fair number of different ones failed in the same way and none has
// answered for a while, the trouble is on our side. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"

namespace verihook::verification {

class FairSample {
 public:
  // `size` different failures, and no success for `quiet`, make a verdict; size 0: never.
  explicit FairSample(std::size_t size, Milliseconds quiet = Milliseconds{60'000})
      : size_(size), quiet_(quiet) {}

  void succeeded(MonotonicTime now) {
    failed_.clear();
    last_success_ = now;
  }
  void failed(std::string_view whom) {
    if (failed_.size() < size_) failed_.emplace(whom);
  }
  // The verdict; when it is true, a new sample begins.
  bool take_failed(MonotonicTime now) {
    if (size_ == 0 || failed_.size() < size_) return false;
    if (last_success_ && now - *last_success_ < quiet_) return false;
    failed_.clear();
    return true;
  }

 private:
  const std::size_t size_;
  const Milliseconds quiet_;
  std::unordered_set<std::string> failed_;
  std::optional<MonotonicTime> last_success_;
};

}  // namespace verihook::verification
