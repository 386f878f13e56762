// RequestShares: how many requests each source has accepted and refused in the current window, to
// know one that refuses what it used to accept. The window before counts until the current one has
// enough to say something. Lives on the io thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "gateway/alert_rules.h"
#include "gateway/outcome.h"
#include "model/source.h"

namespace verihook::gateway {

class RequestShares {
 public:
  RequestShares(const Clock& clock, AlertLimits limits) : clock_(clock), limits_(limits) {}
  RequestShares(const RequestShares&) = delete;
  RequestShares& operator=(const RequestShares&) = delete;

  void note(const model::Source& source, Outcome outcome);

  // One source's figures of late.
  struct Share {
    std::string tenant_id;
    std::string source_id;
    std::string source_name;
    std::int64_t rejected = 0;
    std::int64_t all = 0;
    Outcome last_reason = Outcome::kInvalidSignature;
    Figure figure = Figure::kBetween;
  };
  // Of all sources that were knocked at in this window or the one before.
  std::vector<Share> shares();

 private:
  struct Window {
    std::int64_t rejected = 0;
    std::int64_t all = 0;
  };
  struct Entry {
    std::string tenant_id;
    std::string source_name;
    Window now;
    Window before;
    Outcome last_reason = Outcome::kInvalidSignature;
  };

  void turn();

  const Clock& clock_;
  const AlertLimits limits_;
  MonotonicTime window_end_{};
  std::unordered_map<std::string, Entry> entries_;  // by source id
};

}  // namespace verihook::gateway
