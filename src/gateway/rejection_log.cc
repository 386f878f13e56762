#include "gateway/rejection_log.h"

#include <utility>

#include "base/log.h"

namespace verihook::gateway {

bool RejectionLog::note(const model::Source& source, Outcome outcome, std::string_view detail) {
  const MonotonicTime now = clock_.monotonic_now();
  auto [at, is_new] = windows_.try_emplace(source.id);
  Window& window = at->second;
  ++window.unreported;
  if (!is_new && now < window.next_line) return false;
  const bool shadow = source.mode == model::SourceMode::kShadow;
  log_warning(
      shadow ? "a source would refuse what it received" : "a source refuses what it received",
      {{"source", source.name},
       {"reason", to_string(outcome)},
       {"detail", detail},
       {"count", static_cast<long long>(std::exchange(window.unreported, 0))}});
  window.next_line = now + kRejectionLogInterval;
  return true;
}

}  // namespace verihook::gateway
