// The parts of the dispatcher that wait: attempts, and its dealings with the store.
#include <algorithm>

#include "async/with_deadline.h"
#include "base/log.h"
#include "delivery/dispatcher.h"
#include "store/destinations.h"

namespace verihook::delivery {
namespace {

// What a handler may need to notice its own deadline before it is cancelled.
constexpr Milliseconds kHandlerGrace{1'000};

AttemptResult failure(Errc code, std::string sentence) {
  AttemptResult result;
  result.error_class = to_string(code);
  result.error = std::move(sentence);
  return result;
}

Task<Result<AttemptResult>> call(DestinationHandler& handler, const model::Destination& destination,
                                 const HeldDelivery& held, Deadline deadline) {
  co_return co_await handler.attempt(destination, *held.event, held.delivery, deadline);
}

double milliseconds_between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

void Dispatcher::start_attempt(const EndpointRef& ref, HeldDelivery held) {
  const Standing standing = standing_of(*ref);
  ++in_flight_;
  ++in_flight_by_standing_[static_cast<std::size_t>(standing)];
  ++in_flight_by_tenant_[ref->tenant_id];
  group_.spawn("attempt", run(ref, std::move(held), standing));
}

Task<AttemptResult> Dispatcher::make_attempt(const model::Destination& destination,
                                             const HeldDelivery& held) {
  const auto found = handlers_.find(destination.kind);
  if (found == handlers_.end()) {
    AttemptResult result = failure(Errc::kUnsupported, "this node cannot deliver to that kind");
    result.retryable = false;
    co_return result;
  }
  DestinationHandler& handler = *found->second;
  const Milliseconds limit = handler.attempt_timeout_ms();
  const Deadline deadline = Deadline::after(timers_.clock(), limit);
  const Deadline enforced = Deadline::after(timers_.clock(), limit + kHandlerGrace);
  const MonotonicTime started = monotonic_now();
  Result<AttemptResult> result = fail(Errc::kInternal, "");
  try {
    result = co_await with_deadline(timers_, enforced, call(handler, destination, held, deadline));
  } catch (const std::exception& error) {
    log_error("a destination handler failed",
              {{"delivery", held.delivery.id}, {"error", error.what()}});
    result = fail(Errc::kInternal, "the attempt failed for an internal reason");
  }
  AttemptResult answer =
      result ? std::move(*result) : failure(result.error().code, result.error().message);
  if (answer.latency_ms <= 0) answer.latency_ms = milliseconds_between(started, monotonic_now());
  co_return answer;
}

Task<void> Dispatcher::run(EndpointRef ref, HeldDelivery held, Standing standing) {
  const std::shared_ptr<const model::Destination> destination = ref->destination;
  const WallTime started_at = wall_now();
  const AttemptResult result = co_await make_attempt(*destination, held);
  const bool stopped = cancelled(co_await asio::this_coro::cancellation_state);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (stopped && !result.success) {
    ++counters_.attempts_abandoned;
    end_attempt(ref, held, standing, std::nullopt);
    co_return;
  }
  const AttemptRecord attempt = judge(*ref, held, result, started_at);
  const auto write = [&attempt, this](store::Connection& db) {
    return record(db, outbox_, attempt);
  };
  Result<Recorded> recorded = co_await database_.write(write);
  end_attempt(ref, held, standing, result.success);
  if (recorded) {
    count(*recorded, result, attempt.decision.verdict);
    on_recorded(ref, std::move(*recorded));
  } else {
    ++counters_.attempts_unrecorded;
    log_warning("an attempt was not recorded; it is made again",
                {{"delivery", held.delivery.id}, {"error", recorded.error().message}});
    ref->load_not_before = monotonic_now() + options_.store_retry_ms;
    give_back(ref->tenant_id, ref->id, held.delivery.id);
  }
  review(ref);
  feed_hungry();
  pump();
}

AttemptRecord Dispatcher::judge(Endpoint& endpoint, const HeldDelivery& held,
                                const AttemptResult& result, WallTime started_at) {
  AttemptRecord attempt;
  attempt.delivery = held.delivery;
  attempt.event = held.event;
  attempt.now = wall_now();
  attempt.decision = decide(result, held.delivery.attempt_count + 1, *endpoint.destination,
                            endpoint.failing_since, attempt.now, random_);
  endpoint.failing_since = attempt.decision.failing_since;
  const bool noted = failing_since_of(*endpoint.destination).has_value();
  const int failures = endpoint.queue.breaker().failures_in_a_row() + 1;
  if (result.success) {
    if (noted) attempt.failing_note = FailingNote::kClear;
  } else if (!noted && failures >= options_.breaker.failures_to_open) {
    attempt.failing_note = FailingNote::kWrite;
  }
  attempt.attempt.tenant_id = held.delivery.tenant_id;
  attempt.attempt.id = ids_.make(id_prefix::kAttempt);
  attempt.attempt.delivery_id = held.delivery.id;
  attempt.attempt.started_at = started_at;
  attempt.attempt.status_code = result.status_code;
  attempt.attempt.error_class = result.error_class;
  attempt.attempt.error = result.error;
  attempt.attempt.latency_ms = result.latency_ms;
  attempt.attempt.response_head = result.response_head;
  return attempt;
}

void Dispatcher::count(const Recorded& recorded, const AttemptResult& result, Verdict verdict) {
  counters_.latency.add(result.latency_ms);
  if (!result.success) ++counters_.failures_by_class[result.error_class];
  if (verdict == Verdict::kDelivered) {
    ++counters_.attempts_delivered;
  } else if (recorded.delivery.state == model::DeliveryState::kDead) {
    ++counters_.attempts_dead;
  } else {
    ++counters_.attempts_retried;
  }
}

void Dispatcher::on_recorded(const EndpointRef& ref, Recorded recorded) {
  if (recorded.changed_destination && !ref->forgotten) {
    set_destination(*ref, std::move(recorded.changed_destination));
  }
  if (recorded.delivery.state == model::DeliveryState::kPending) {
    set_due(*ref, recorded.delivery.next_attempt_at);
  }
  // Its successor may be free now.
  if (ref->destination->options.ordered) set_due(*ref, wall_now());
  for (Published& published : recorded.announcements) take(std::move(published));
}

void Dispatcher::end_attempt(const EndpointRef& ref, const HeldDelivery& held, Standing standing,
                             std::optional<bool> success) {
  --in_flight_;
  --loaded_;
  --in_flight_by_standing_[static_cast<std::size_t>(standing)];
  const auto tenant = in_flight_by_tenant_.find(ref->tenant_id);
  if (--tenant->second == 0) in_flight_by_tenant_.erase(tenant);
  ref->queue.finish(held, success, monotonic_now());
  leave_ring(*ref);  // it may stand elsewhere now
  if (ref->queue.breaker().state(monotonic_now()) == BreakerState::kOpen) give_back_waiting(*ref);
}

Task<void> Dispatcher::load(EndpointRef ref) {
  ref->reload = false;
  ref->store_due.reset();
  const std::size_t room =
      std::min(ref->queue.room(monotonic_now(), options_.loaded_per_destination_max), free_room());
  reserved_ += room;
  const auto write = [this, ref, room](store::Connection& db) -> Result<Loaded> {
    // On the store's thread: of `ref` only the ids, which never change.
    Loaded loaded;
    auto found = store::find_destination(db, ref->tenant_id, ref->id);
    if (!found) {
      if (found.error().code == Errc::kNotFound) return loaded;
      return std::unexpected(found.error());
    }
    if (found->state == model::DestinationState::kActive) {
      const WallTime now = timers_.clock().wall_now();
      TRY(deliveries, store::lease_of_destination(db, {.tenant_id = ref->tenant_id,
                                                       .destination_id = ref->id,
                                                       .node_id = outbox_.node_id(),
                                                       .now = now,
                                                       .lease_until = now + options_.lease_ms,
                                                       .limit = static_cast<std::int64_t>(room),
                                                       .ordered = found->options.ordered}));
      loaded.deliveries = std::move(deliveries);
    }
    loaded.destination = std::make_shared<const model::Destination>(std::move(*found));
    return loaded;
  };
  Result<Loaded> loaded = co_await database_.write(write);
  ref->loading = false;
  reserved_ -= room;
  if (loaded) {
    on_loaded(ref, std::move(*loaded));
  } else {
    ref->load_not_before = monotonic_now() + options_.store_retry_ms;
    set_due(*ref, wall_now());
    ref->reload = true;
  }
  review(ref);
  feed_hungry();
  pump();
}

void Dispatcher::on_loaded(const EndpointRef& ref, Loaded loaded) {
  if (!loaded.destination) return forget(std::string(ref->id));
  ref->load_not_before.reset();
  set_destination(*ref, std::move(loaded.destination));
  for (store::DueDelivery& due : loaded.deliveries.taken) {
    ++counters_.leased;
    push(*ref,
         {std::move(due.delivery), std::make_shared<const model::Event>(std::move(due.event))});
  }
  set_due(*ref, loaded.deliveries.next_due);
}

bool Dispatcher::push(Endpoint& endpoint, HeldDelivery held) {
  if (!endpoint.queue.push(std::move(held))) return false;
  if (loaded_++ == 0) {
    renew_alarm_.arm(Deadline::after(timers_.clock(), options_.lease_ms / 3), [this] { renew(); });
  }
  return true;
}

void Dispatcher::give_back_waiting(Endpoint& endpoint) {
  for (HeldDelivery& held : endpoint.queue.take_waiting()) {
    --loaded_;
    give_back(endpoint.tenant_id, endpoint.id, std::move(held.delivery.id));
  }
  leave_ring(endpoint);
}

void Dispatcher::give_back(std::string tenant_id, std::string destination_id,
                           std::string delivery_id) {
  ++counters_.released;
  given_back_.push_back({std::move(tenant_id), std::move(destination_id), std::move(delivery_id)});
  if (flushing_ || stopping_) return;
  flushing_ = true;
  group_.spawn("give back", flush_given_back());
}

Task<void> Dispatcher::flush_given_back() {
  while (!given_back_.empty()) {
    const auto batch = std::exchange(given_back_, {});
    const auto write = [&batch,
                        node_id = outbox_.node_id()](store::Connection& db) -> Result<void> {
      for (const auto& [tenant, destination, delivery] : batch) {
        TRY_VOID(store::release_lease(db, tenant, delivery, node_id));
      }
      return {};
    };
    const Result<void> released = co_await database_.write(write);
    // Leases that could not be given back end by themselves.
    const WallTime due = wall_now() + (released ? Milliseconds{0} : options_.lease_ms);
    for (const auto& [tenant, destination, delivery] : batch) {
      const auto found = endpoints_.find(destination);
      if (found == endpoints_.end()) continue;
      const EndpointRef ref = found->second;
      set_due(*ref, due);
      review(ref);
    }
  }
  flushing_ = false;
  pump();
}

Task<void> Dispatcher::take_stock(bool first) {
  const auto read = [this](store::Connection& db) {
    return store::due_destinations(db, static_cast<std::int64_t>(options_.endpoints_max));
  };
  const auto release = [node_id = outbox_.node_id()](store::Connection& db) {
    return store::release_leases(db, node_id);
  };
  // The sweep goes on whatever happens here.
  const Milliseconds pause = options_.sweep_ms;
  Result<void> done;
  if (first) {
    const auto released = co_await database_.write(release);
    if (!released) done = std::unexpected(released.error());
  }
  if (done) {
    const auto all = co_await database_.read(read);
    if (!all) done = std::unexpected(all.error());
    for (const store::DestinationDue& each : all.value_or(std::vector<store::DestinationDue>{})) {
      const EndpointRef ref = endpoint(each.tenant_id, each.destination_id);
      set_due(*ref, each.due_at);
      review(ref);
    }
  }
  if (!done) log_warning("due deliveries could not be read", {{"error", done.error().message}});
  const bool again = first && !done;
  if (!stopping_) {
    sweep_alarm_.arm(Deadline::after(timers_.clock(), again ? options_.store_retry_ms : pause),
                     [this, again] { group_.spawn("take stock", take_stock(again)); });
  }
  pump();
}

void Dispatcher::renew() {
  if (loaded_ == 0) return;
  renew_alarm_.arm(Deadline::after(timers_.clock(), options_.lease_ms / 3), [this] { renew(); });
  const WallTime now = wall_now();
  std::map<std::string, DeliveryKeys> by_tenant;
  for (const auto& [id, ref] : endpoints_) {
    for (std::string& delivery : ref->queue.leases_ending_before(now + options_.lease_ms * 2 / 3)) {
      by_tenant[ref->tenant_id].emplace_back(id, std::move(delivery));
    }
  }
  for (auto& [tenant_id, keys] : by_tenant) {
    group_.spawn("renew", renew_leases(tenant_id, std::move(keys), now + options_.lease_ms));
  }
}

Task<void> Dispatcher::renew_leases(std::string tenant_id, DeliveryKeys keys,
                                    WallTime lease_until) {
  const auto write =
      [&, node_id = outbox_.node_id()](store::Connection& db) -> Result<std::vector<bool>> {
    std::vector<bool> kept;
    for (const auto& [destination, delivery] : keys) {
      TRY(renewed, store::renew_lease(db, tenant_id, delivery, node_id, lease_until));
      kept.push_back(renewed);
    }
    return kept;
  };
  const auto kept = co_await database_.write(write);
  if (!kept) co_return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& [destination, delivery] = keys[i];
    const auto found = endpoints_.find(destination);
    if (found == endpoints_.end()) continue;
    EndpointQueue& queue = found->second->queue;
    if ((*kept)[i]) {
      queue.set_lease(delivery, lease_until);
      continue;
    }
    const std::size_t dropped =
        queue.drop_waiting([&](const HeldDelivery& held) { return held.delivery.id == delivery; });
    counters_.leases_lost += dropped;
    loaded_ -= dropped;
  }
}

}  // namespace verihook::delivery
