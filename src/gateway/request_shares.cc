#include "gateway/request_shares.h"

#include <utility>

namespace verihook::gateway {

// Two windows or more without a knock leave nothing.
void RequestShares::turn() {
  const MonotonicTime now = clock_.monotonic_now();
  if (now < window_end_) return;
  const bool long_ago = now >= window_end_ + limits_.window_ms;
  window_end_ = now + limits_.window_ms;
  for (auto& [id, entry] : entries_) {
    entry.before = long_ago ? Window{} : entry.now;
    entry.now = {};
  }
  std::erase_if(entries_, [](const auto& entry) { return entry.second.before.all == 0; });
}

void RequestShares::note(const model::Source& source, Outcome outcome) {
  turn();
  const bool rejected = row_of(outcome).is_rejection;
  if (!rejected && outcome != Outcome::kAccepted && outcome != Outcome::kDuplicate) return;
  Entry& entry = entries_[source.id];
  if (entry.source_name.empty()) {
    entry.tenant_id = source.tenant_id;
    entry.source_name = source.name;
  }
  ++entry.now.all;
  if (!rejected) return;
  ++entry.now.rejected;
  entry.last_reason = outcome;
}

std::vector<RequestShares::Share> RequestShares::shares() {
  turn();
  std::vector<Share> all;
  for (const auto& [id, entry] : entries_) {
    const auto judge = [&](const Window& window) {
      const Figure figure = judge_share(window.rejected, window.all, 1, limits_.rejected_share_max);
      const bool too_few = window.rejected < limits_.rejected_min;
      return figure == Figure::kBad && too_few ? Figure::kBetween : figure;
    };
    const bool current = judge(entry.now) != Figure::kBetween;
    const Window& window = current ? entry.now : entry.before;
    all.push_back({.tenant_id = entry.tenant_id,
                   .source_id = id,
                   .source_name = entry.source_name,
                   .rejected = window.rejected,
                   .all = window.all,
                   .last_reason = entry.last_reason,
                   .figure = judge(window)});
  }
  return all;
}

}  // namespace verihook::gateway
