#include "delivery/endpoint_queue.h"

#include <algorithm>

namespace verihook::delivery {
namespace {

constexpr double kRateMin = 1e-6;             // one in eleven days: slower than any schedule
constexpr std::chrono::seconds kHeldFor{10};  // before a rate lets it start

}  // namespace

void EndpointQueue::configure(const model::DeliveryOptions& options, int attempts_max) {
  max_in_flight_ = std::clamp(options.max_in_flight, 1, std::max(1, attempts_max));
  ordered_ = options.ordered;
  const std::chrono::nanoseconds interval_before = interval_;
  interval_ = std::chrono::nanoseconds{0};
  if (options.rate_per_second > 0) {
    const double seconds = 1.0 / std::max(options.rate_per_second, kRateMin);
    interval_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds));
  }
  // The next start was counted from the last one by the old rate; a higher rate is felt at once.
  if (interval_ < interval_before) next_start_ -= interval_before - interval_;
}

bool EndpointQueue::push(HeldDelivery held) {
  if (!held_.emplace(held.delivery.id, held.delivery.lease_until).second) return false;
  // What is new goes before what is replayed.
  const bool is_new = held.delivery.replay_id.empty();
  const auto place =
      is_new ? waiting_.end() - static_cast<std::ptrdiff_t>(waiting_replayed()) : waiting_.end();
  waiting_.insert(place, std::move(held));
  return true;
}

std::size_t EndpointQueue::waiting_replayed() const {
  const auto first = std::ranges::partition_point(
      waiting_, [](const HeldDelivery& held) { return held.delivery.replay_id.empty(); });
  return static_cast<std::size_t>(waiting_.end() - first);
}

std::vector<std::string> EndpointQueue::leases_ending_before(WallTime time) const {
  std::vector<std::string> ids;
  for (const auto& [id, lease_until] : held_) {
    if (lease_until < time) ids.push_back(id);
  }
  return ids;
}

WallTime EndpointQueue::lease_of(std::string_view delivery_id) const {
  const auto found = held_.find(delivery_id);
  return found == held_.end() ? WallTime{} : found->second;
}

void EndpointQueue::set_lease(std::string_view delivery_id, WallTime lease_until) {
  const auto found = held_.find(delivery_id);
  if (found != held_.end()) found->second = lease_until;
}

std::size_t EndpointQueue::drop_waiting(const std::function<bool(const HeldDelivery&)>& unwanted) {
  const auto dropped = [&](const HeldDelivery& held) {
    if (!unwanted(held)) return false;
    held_.erase(held.delivery.id);
    return true;
  };
  return std::erase_if(waiting_, dropped);
}

std::vector<HeldDelivery> EndpointQueue::take_waiting() {
  std::vector<HeldDelivery> taken;
  for (HeldDelivery& held : waiting_) {
    held_.erase(held.delivery.id);
    taken.push_back(std::move(held));
  }
  waiting_.clear();
  return taken;
}

std::optional<WallTime> EndpointQueue::oldest_due() const {
  std::optional<WallTime> oldest;
  for (const HeldDelivery& held : waiting_) {
    const WallTime due = held.delivery.next_attempt_at;
    if (!oldest || due < *oldest) oldest = due;
  }
  return oldest;
}

bool EndpointQueue::job_is_free(const HeldDelivery& held) const {
  const std::string& job_id = held.delivery.job_id;
  return !ordered_ || job_id.empty() || !jobs_taken_.contains(job_id);
}

std::deque<HeldDelivery>::iterator EndpointQueue::next_waiting() {
  return std::ranges::find_if(waiting_, [&](const HeldDelivery& h) { return job_is_free(h); });
}

bool EndpointQueue::can_start(MonotonicTime now) const {
  if (now < next_start_) return false;
  if (in_flight_ >= static_cast<std::size_t>(breaker_.limit(now, max_in_flight_))) return false;
  return std::ranges::any_of(waiting_, [&](const HeldDelivery& h) { return job_is_free(h); });
}

std::optional<HeldDelivery> EndpointQueue::start_next(MonotonicTime now) {
  if (!can_start(now)) return std::nullopt;
  const auto next = next_waiting();
  HeldDelivery held = std::move(*next);
  waiting_.erase(next);
  ++in_flight_;
  if (!held.delivery.job_id.empty()) jobs_taken_.insert(held.delivery.job_id);
  // What was not used before is not saved up: a rate is a rate, not an allowance.
  if (interval_.count() > 0) next_start_ = std::max(next_start_ + interval_, now + interval_);
  return held;
}

std::optional<MonotonicTime> EndpointQueue::wait_until(MonotonicTime now) const {
  if (waiting_.empty()) return std::nullopt;
  const auto open_until = breaker_.open_until(now);
  if (open_until) return std::max(*open_until, next_start_);
  if (now >= next_start_) return std::nullopt;
  if (in_flight_ >= static_cast<std::size_t>(breaker_.limit(now, max_in_flight_))) {
    return std::nullopt;
  }
  return next_start_;
}

MonotonicTime EndpointQueue::held_from() const { return next_start_ - kHeldFor; }

std::size_t EndpointQueue::held_most(MonotonicTime now, std::size_t held_max) const {
  if (now < held_from()) return 0;
  if (interval_.count() == 0) return held_max;
  return std::min(held_max, 1 + static_cast<std::size_t>(kHeldFor / interval_));
}

std::size_t EndpointQueue::room(MonotonicTime now, std::size_t held_max) const {
  const auto limit = static_cast<std::size_t>(breaker_.limit(now, max_in_flight_));
  if (limit == 0) return 0;
  const std::size_t most = held_most(now, held_max);
  // While a probe or the first attempt is out, more would only wait for its answer.
  const std::size_t wanted =
      limit == 1 && max_in_flight_ > 1 ? std::min<std::size_t>(1, most) : most;
  return wanted > held_.size() ? wanted - held_.size() : 0;
}

void EndpointQueue::finish(std::optional<bool> success, MonotonicTime now) {
  --in_flight_;
  if (!success) return;
  if (*success) {
    breaker_.on_success();
  } else {
    breaker_.on_failure(now);
  }
}

void EndpointQueue::let_go(const std::string& delivery_id, const std::string& job_id) {
  held_.erase(delivery_id);
  if (const auto job = jobs_taken_.find(job_id); job != jobs_taken_.end()) jobs_taken_.erase(job);
}

}  // namespace verihook::delivery
