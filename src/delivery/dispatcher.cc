#include "delivery/dispatcher.h"

#include <algorithm>
#include <numeric>

#include "base/log.h"

namespace verihook::delivery {

Dispatcher::Dispatcher(asio::any_io_executor executor, Timers& timers, store::Database& database,
                       const Outbox& outbox, Random& random, DestinationHandlers handlers,
                       DispatcherOptions options)
    : timers_(timers),
      database_(database),
      outbox_(outbox),
      random_(random),
      ids_(timers.clock(), random),
      handlers_(std::move(handlers)),
      options_(options),
      executor_(executor),
      alarm_(timers, executor),
      renew_alarm_(timers, executor),
      sweep_alarm_(timers, executor),
      deadline_alarm_(timers, executor),
      group_(executor, "dispatcher"),
      recorders_(executor, "recorders") {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() { group_.spawn("take stock", take_stock(true)); }

Task<void> Dispatcher::stop(Deadline deadline) {
  stopping_ = true;
  alarm_.disarm();
  sweep_alarm_.disarm();
  Alarm patience(timers_, executor_);
  patience.arm(deadline, [this] { group_.cancel(); });
  co_await group_.join();
  patience.disarm();
  deadline_alarm_.disarm();
  co_await recorders_.join();
  renew_alarm_.disarm();
  const auto release = [node_id = outbox_.node_id()](store::Connection& db) {
    return store::release_leases(db, node_id);
  };
  const auto released = co_await database_.write(release);
  if (!released) {
    log_warning("leases were not given back; they end by themselves",
                {{"error", released.error().message}});
  }
}

void Dispatcher::take(Published published) {
  for (PublishedDelivery& item : published.deliveries) {
    const EndpointRef ref = endpoint(item.delivery.tenant_id, item.delivery.destination_id);
    Endpoint& to = *ref;
    // What was read with the event may be older than what was written since.
    if (!to.destination || item.destination->updated_at > to.destination->updated_at) {
      set_destination(to, item.destination);
    }
    if (supersedes_older(*published.event)) {
      // The store has superseded those that wait already.
      loaded_ -= to.queue.drop_waiting([&](const HeldDelivery& held) {
        return supersedes_older(*held.event) && held.event->job_id == published.event->job_id;
      });
    }
    if (!stopping_ && item.delivery.lease_owner == outbox_.node_id()) {
      const bool fits = to.destination->state == model::DestinationState::kActive &&
                        free_room(is_proven(to)) > 0 &&
                        to.queue.waiting_new() < to.queue.held_most(monotonic_now(), to.held_max) &&
                        to.queue.breaker().state(monotonic_now()) == BreakerState::kClosed;
      if (fits) {
        push(to, {std::move(item.delivery), published.event});
      } else {
        give_back(to.tenant_id, to.id, item.delivery.id);
      }
    }
    review(ref);
  }
  pump();
}

void Dispatcher::wake(std::string_view tenant_id, std::string_view destination_id) {
  const EndpointRef ref = endpoint(tenant_id, destination_id);
  ref->queue.breaker() = CircuitBreaker(options_.breaker);
  ref->failing_since.reset();
  ref->reload = true;
  due(tenant_id, destination_id);
}

void Dispatcher::due(std::string_view tenant_id, std::string_view destination_id) {
  const EndpointRef ref = endpoint(tenant_id, destination_id);
  set_due(*ref, wall_now());
  review(ref);
  pump();
}

void Dispatcher::forget(std::string_view destination_id) {
  const auto found = endpoints_.find(destination_id);
  if (found == endpoints_.end()) return;
  const EndpointRef ref = found->second;
  ref->forgotten = true;
  ref->store_due.reset();
  loaded_ -= ref->queue.take_waiting().size();
  leave_ring(*ref);
  set_timer(*ref, std::nullopt);
  for (auto& hungry : hungry_) hungry.erase(ref->id);
  endpoints_.erase(found);
}

void Dispatcher::reread(std::string_view tenant_id, const std::set<std::string>& event_ids) {
  for (const auto& [id, ref] : endpoints_) {
    if (ref->tenant_id != tenant_id) continue;
    loaded_ -= ref->queue.drop_waiting([&](const HeldDelivery& held) {
      if (!event_ids.contains(held.event->id)) return false;
      give_back(ref->tenant_id, ref->id, held.delivery.id);
      return true;
    });
  }
}

void Dispatcher::call_off(std::string_view replay_id) {
  for (const auto& [id, ref] : endpoints_) {
    loaded_ -= ref->queue.drop_waiting(
        [&](const HeldDelivery& held) { return held.delivery.replay_id == replay_id; });
  }
}

DispatcherStats Dispatcher::stats() const {
  DispatcherStats stats = counters_;
  stats.loaded = loaded_;
  stats.in_flight = in_flight_;
  stats.endpoints = endpoints_.size();
  const WallTime now = wall_now();
  for (const auto& [id, ref] : endpoints_) {
    const BreakerState state = ref->queue.breaker().state(monotonic_now());
    if (state == BreakerState::kOpen) ++stats.breakers_open;
    if (state == BreakerState::kHalfOpen) ++stats.breakers_half_open;
    for (const auto& due : {ref->queue.oldest_due(), ref->store_due}) {
      if (!due) continue;
      stats.oldest_due_age = std::max(stats.oldest_due_age, now - *due);
      if (state != BreakerState::kClosed) continue;
      stats.oldest_due_age_of_working = std::max(stats.oldest_due_age_of_working, now - *due);
    }
  }
  return stats;
}

std::optional<BreakerState> Dispatcher::breaker_state(std::string_view destination_id) const {
  const auto found = endpoints_.find(destination_id);
  if (found == endpoints_.end()) return std::nullopt;
  return found->second->queue.breaker().state(monotonic_now());
}

const Dispatcher::EndpointRef& Dispatcher::endpoint(std::string_view tenant_id,
                                                    std::string_view id) {
  const auto found = endpoints_.find(id);
  if (found != endpoints_.end()) return found->second;
  auto made = std::make_shared<Endpoint>();
  made->tenant_id = tenant_id;
  made->id = id;
  made->queue = EndpointQueue(options_.breaker);
  made->held_max = options_.loaded_per_destination;
  return endpoints_.emplace(made->id, std::move(made)).first->second;
}

Dispatcher::Standing Dispatcher::standing_of(const Endpoint& endpoint) {
  const auto last_success = endpoint.queue.breaker().last_success();
  // What failed before a restart fails still, as far as anybody knows.
  if (!last_success) return endpoint.failing_since ? Standing::kFailing : Standing::kUnknown;
  return *last_success ? Standing::kProven : Standing::kFailing;
}

bool Dispatcher::is_proven(const Endpoint& endpoint) {
  return standing_of(endpoint) == Standing::kProven;
}

void Dispatcher::set_destination(Endpoint& endpoint,
                                 std::shared_ptr<const model::Destination> destination) {
  endpoint.destination = std::move(destination);
  if (!endpoint.destination) return;
  endpoint.queue.configure(endpoint.destination->options, options_.in_flight_per_destination_max);
  if (!endpoint.failing_since) endpoint.failing_since = failing_since_of(*endpoint.destination);
  if (endpoint.destination->state != model::DestinationState::kActive) give_back_waiting(endpoint);
}

void Dispatcher::set_due(Endpoint& endpoint, std::optional<WallTime> due) {
  if (due && (!endpoint.store_due || *due < *endpoint.store_due)) endpoint.store_due = due;
}

void Dispatcher::review(const EndpointRef& ref) {
  Endpoint& endpoint = *ref;
  if (stopping_ || endpoint.forgotten) return;
  if (!endpoint.closing && endpoint.queue.can_start(monotonic_now())) enter_ring(endpoint);
  if (must_load(endpoint)) {
    const bool proven = is_proven(endpoint);
    if (endpoint.reload || free_room(proven) > 0) {
      endpoint.loading = true;
      group_.spawn("load", load(ref));
    } else {
      hungry_[proven ? 0 : 1].insert(endpoint.id);
    }
  }
  set_timer(endpoint, next_moment(endpoint));
  forget_when_idle(ref);
}

bool Dispatcher::must_load(const Endpoint& endpoint) const {
  const MonotonicTime now = monotonic_now();
  if (endpoint.loading || endpoint.closing) return false;
  if (endpoint.load_not_before && now < *endpoint.load_not_before) return false;
  if (endpoint.reload) return true;
  if (!endpoint.store_due || *endpoint.store_due > wall_now()) return false;
  // Not before half of what may be held has gone, so that each load is worth its write.
  return endpoint.queue.waiting() * 2 <= endpoint.queue.held_most(now, endpoint.held_max) &&
         endpoint.queue.room(now, endpoint.held_max) > 0;
}

std::optional<MonotonicTime> Dispatcher::next_moment(const Endpoint& endpoint) const {
  const MonotonicTime now = monotonic_now();
  std::optional<MonotonicTime> moment = endpoint.queue.wait_until(now);
  if (endpoint.loading || !(endpoint.store_due || endpoint.reload)) return moment;
  MonotonicTime load_at = now;
  if (endpoint.store_due && !endpoint.reload) {
    load_at += std::max(Milliseconds{0}, *endpoint.store_due - wall_now());
    load_at = std::max(load_at, endpoint.queue.held_from());
  }
  if (endpoint.load_not_before) load_at = std::max(load_at, *endpoint.load_not_before);
  if (const auto open_until = endpoint.queue.breaker().open_until(now)) {
    load_at = std::max(load_at, *open_until);
  }
  // What could be loaded already and is not waits for an event: room, or the end of an attempt.
  if (load_at <= now) return moment;
  return moment ? std::min(*moment, load_at) : load_at;
}

void Dispatcher::set_timer(Endpoint& endpoint, std::optional<MonotonicTime> time) {
  if (endpoint.timer == time) return;
  if (endpoint.timer) moments_.erase({*endpoint.timer, endpoint.id});
  endpoint.timer = time;
  if (time) moments_.emplace(*time, endpoint.id);
  arm();
}

void Dispatcher::arm() {
  if (stopping_) return;
  if (moments_.empty()) {
    armed_at_.reset();
    return alarm_.disarm();
  }
  if (armed_at_ == moments_.begin()->first) return;
  armed_at_ = moments_.begin()->first;
  alarm_.arm(Deadline::at(moments_.begin()->first), [this] { on_alarm(); });
}

void Dispatcher::on_alarm() {
  armed_at_.reset();
  const MonotonicTime now = monotonic_now();
  while (!moments_.empty() && moments_.begin()->first <= now) {
    const auto found = endpoints_.find(moments_.begin()->second);
    moments_.erase(moments_.begin());
    if (found == endpoints_.end()) continue;
    const EndpointRef ref = found->second;
    ref->timer.reset();
    review(ref);
  }
  arm();
  pump();
}

void Dispatcher::enter_ring(Endpoint& endpoint) {
  const Standing standing = standing_of(endpoint);
  if (endpoint.ring == standing) return;
  leave_ring(endpoint);
  endpoint.ring = standing;
  rings_[static_cast<std::size_t>(standing)].add(endpoint.tenant_id, &endpoint);
}

void Dispatcher::leave_ring(Endpoint& endpoint) {
  if (!endpoint.ring) return;
  rings_[static_cast<std::size_t>(*endpoint.ring)].remove(endpoint.tenant_id, &endpoint);
  endpoint.ring.reset();
}

void Dispatcher::forget_when_idle(const EndpointRef& ref) {
  const Endpoint& endpoint = *ref;
  if (endpoints_.size() <= options_.endpoints_max) return;
  const bool idle = endpoint.queue.waiting() == 0 && endpoint.queue.in_flight() == 0 &&
                    !endpoint.store_due && !endpoint.loading && !endpoint.reload;
  if (idle) forget(std::string(endpoint.id));
}

std::size_t Dispatcher::free_room(bool proven) const {
  const std::size_t taken = loaded_ + reserved_;
  // What dead destinations hold must not keep out what others could deliver.
  const std::size_t most = options_.loaded_deliveries_max * (proven ? 4 : 3) / 4;
  return most - std::min(taken, most);
}

void Dispatcher::feed_hungry() {
  for (const bool proven : {true, false}) {
    auto& hungry = hungry_[proven ? 0 : 1];
    while (!hungry.empty() && free_room(proven) > 0) {
      const auto found = endpoints_.find(*hungry.begin());
      hungry.erase(hungry.begin());
      if (found == endpoints_.end()) continue;
      const EndpointRef ref = found->second;
      review(ref);
    }
  }
}

// A destination that answers quickly is read for ahead, so that it need not wait for the store; one
// that does not leaves the memory to others.
void Dispatcher::measure(Endpoint& endpoint, const DispatcherOptions& options, MonotonicTime now) {
  constexpr Milliseconds kMeasuredMin{10};
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(now - endpoint.last_load);
  if (elapsed < kMeasuredMin) return;
  const auto ahead = static_cast<std::size_t>(options.loaded_ahead_ms.count()) *
                     endpoint.answers_since_load / static_cast<std::size_t>(elapsed.count());
  const std::size_t most =
      std::max(options.loaded_per_destination, options.loaded_per_destination_max);
  endpoint.held_max = std::clamp(ahead, options.loaded_per_destination, most);
  endpoint.answers_since_load = 0;
  endpoint.last_load = now;
}

void Dispatcher::pump() {
  // An attempt may end while it is being started; the outermost call goes on with the next.
  if (pumping_) return;
  pumping_ = true;
  std::size_t refusals = 0;
  while (!stopping_ && in_flight_ < options_.in_flight_max && refusals < kStandings) {
    refusals = start_one(next_standing_) ? 0 : refusals + 1;
    next_standing_ = (next_standing_ + 1) % kStandings;
  }
  pumping_ = false;
}

// Whether one more of this standing fits among those that run, of which there may be `most`. In
// eighths of that, `unknown` is for those that have not answered yet; the last eighth is always
// left to those that have proven themselves.
bool Dispatcher::may_start(const CountByStanding& in_flight, std::size_t standing, std::size_t most,
                           std::size_t unknown) {
  const auto eighths = [most](std::size_t count) {
    return std::max<std::size_t>(1, most * count / 8);
  };
  constexpr auto kProvenPlace = static_cast<std::size_t>(Standing::kProven);
  const CountByStanding shares = {most, eighths(unknown), eighths(2)};
  const std::size_t all = std::accumulate(in_flight.begin(), in_flight.end(), std::size_t{0});
  const std::size_t unproven = all - in_flight[kProvenPlace];
  if (standing != kProvenPlace && unproven >= eighths(7)) return false;
  return in_flight[standing] < shares[standing] && all < most;
}

bool Dispatcher::start_one(std::size_t standing) {
  if (!may_start(in_flight_by_standing_, standing, options_.in_flight_max, 4)) return false;
  Endpoint* turn = rings_[standing].take_next([&](const std::string& tenant_id) {
    const auto found = in_flight_by_tenant_.find(tenant_id);
    return found == in_flight_by_tenant_.end() ||
           may_start(found->second, standing, options_.in_flight_per_tenant_max, 7);
  });
  if (turn == nullptr) return false;
  turn->ring.reset();
  const EndpointRef ref = endpoint(turn->tenant_id, turn->id);
  if (auto held = ref->queue.start_next(monotonic_now())) {
    if (ref->queue.lease_of(held->delivery.id) > wall_now()) {
      start_attempt(ref, std::move(*held));
    } else {
      // The lease was not renewed in time: another node may have it by now.
      ref->queue.finish(std::nullopt, monotonic_now());
      let_go(*ref, held->delivery);
      ++counters_.leases_lost;
      set_due(*ref, wall_now());
    }
  }
  review(ref);
  return true;
}

}  // namespace verihook::delivery
