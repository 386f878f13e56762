// The parts of the dispatcher that wait: attempts, and its dealings with the store.
#include <algorithm>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.h"
#include "delivery/dispatcher.h"

namespace verihook::delivery {
namespace {

// What a handler may need to notice its own deadline before it is cancelled.
constexpr Milliseconds kHandlerGrace{1'000};

// Two batches of outcomes may be on their way: one gathers in the store while the other commits.
constexpr std::size_t kRecordersMax = 2;

// Leased in one write, so that others need not wait long for theirs.
constexpr std::size_t kLeasedAtOnceMax = 500;

AttemptResult failure(Errc code, std::string sentence) {
  AttemptResult result;
  result.error_class = to_string(code);
  result.error = std::move(sentence);
  return result;
}

double milliseconds_between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// What a handler that threw came to: it was cancelled, or it is at fault.
AttemptResult failure_of(const std::exception& error, const HeldDelivery& held, bool overdue) {
  if (overdue) return failure(Errc::kTimeout, "the attempt did not end in time");
  const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
  if (system != nullptr && system->code() == asio::error::operation_aborted) {
    return failure(Errc::kCancelled, "the attempt was cancelled");
  }
  log_error("a destination handler failed",
            {{"delivery", held.delivery.id}, {"error", error.what()}});
  return failure(Errc::kInternal, "the attempt failed for an internal reason");
}

}  // namespace

void Dispatcher::start_attempt(const EndpointRef& ref, HeldDelivery held) {
  const Standing standing = standing_of(*ref);
  ++in_flight_;
  ++in_flight_by_standing_[static_cast<std::size_t>(standing)];
  ++in_flight_by_tenant_[ref->tenant_id][static_cast<std::size_t>(standing)];
  const std::uint64_t attempt = ++last_attempt_;
  running_[attempt] = {};
  const std::uint64_t task = group_.spawn("attempt", run(ref, std::move(held), standing, attempt));
  if (const auto found = running_.find(attempt); found != running_.end()) {
    found->second.task = task;
  }
}

// One alarm for all attempts, which rings for the earliest of them; most end long before.
void Dispatcher::watch(std::uint64_t attempt, MonotonicTime deadline) {
  running_[attempt].deadline = deadline;
  if (watched_deadline_ && *watched_deadline_ <= deadline) return;
  watched_deadline_ = deadline;
  deadline_alarm_.arm(Deadline::at(deadline), [this] { cancel_overdue(); });
}

void Dispatcher::cancel_overdue() {
  watched_deadline_.reset();
  const MonotonicTime now = monotonic_now();
  std::vector<std::uint64_t> tasks;
  MonotonicTime next = MonotonicTime::max();
  for (auto& [attempt, running] : running_) {
    if (running.overdue) continue;
    running.overdue = running.deadline <= now;
    if (running.overdue) {
      tasks.push_back(running.task);
    } else {
      next = std::min(next, running.deadline);
    }
  }
  for (const std::uint64_t task : tasks) group_.cancel(task);
  if (next == MonotonicTime::max() || running_.empty()) return;
  watched_deadline_ = next;
  deadline_alarm_.arm(Deadline::at(next), [this] { cancel_overdue(); });
}

// True when it was cancelled for having taken too long.
bool Dispatcher::unwatch(std::uint64_t attempt) {
  const bool overdue = running_.at(attempt).overdue;
  running_.erase(attempt);
  if (running_.empty()) {
    watched_deadline_.reset();
    deadline_alarm_.disarm();
  }
  return overdue;
}

Task<AttemptResult> Dispatcher::make_attempt(const model::Destination& destination,
                                             const HeldDelivery& held, std::uint64_t attempt) {
  const auto found = handlers_.find(destination.kind);
  if (found == handlers_.end()) {
    AttemptResult result = failure(Errc::kUnsupported, "this node cannot deliver to that kind");
    result.retryable = false;
    co_return result;
  }
  DestinationHandler& handler = *found->second;
  const MonotonicTime started = monotonic_now();
  const MonotonicTime deadline = started + handler.attempt_timeout_ms();
  watch(attempt, deadline + kHandlerGrace);
  AttemptResult answer;
  try {
    answer =
        co_await handler.attempt(destination, *held.event, held.delivery, Deadline::at(deadline));
  } catch (const std::exception& error) {
    answer = failure_of(error, held, running_.at(attempt).overdue);
  }
  if (answer.latency_ms <= 0) answer.latency_ms = milliseconds_between(started, monotonic_now());
  co_return answer;
}

Task<void> Dispatcher::run(EndpointRef ref, HeldDelivery held, Standing standing,
                           std::uint64_t attempt) {
  const std::shared_ptr<const model::Destination> destination = ref->destination;
  const WallTime started_at = wall_now();
  AttemptResult result = co_await make_attempt(*destination, held, attempt);
  const bool overdue = unwatch(attempt);
  const bool stopped = cancelled(co_await asio::this_coro::cancellation_state) && !overdue;
  if (stopped && !result.success) {
    ++counters_.attempts_abandoned;
    free_place(ref, standing, std::nullopt);
    let_go(*ref, held.delivery);
    co_return;
  }
  const bool success = result.success;
  answers_.records.push_back(judge(*ref, held, std::move(result), started_at));
  answers_.endpoints.push_back(ref);
  ref->closing = ref->closing || answers_.records.back().decision.disable_destination;
  free_place(ref, standing, success);
  if (recording_ < kRecordersMax) {
    ++recording_;
    recorders_.spawn("record", record_answers());
  }
  review(ref);
  pump();
}

AttemptRecord Dispatcher::judge(Endpoint& endpoint, const HeldDelivery& held, AttemptResult result,
                                WallTime started_at) {
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
  attempt.attempt.error_class = std::move(result.error_class);
  attempt.attempt.error = std::move(result.error);
  attempt.attempt.latency_ms = result.latency_ms;
  attempt.attempt.phases = result.phases;
  attempt.attempt.response_head = std::move(result.response_head);
  return attempt;
}

void Dispatcher::free_place(const EndpointRef& ref, Standing standing,
                            std::optional<bool> success) {
  --in_flight_;
  --in_flight_by_standing_[static_cast<std::size_t>(standing)];
  const auto tenant = in_flight_by_tenant_.find(ref->tenant_id);
  --tenant->second[static_cast<std::size_t>(standing)];
  if (tenant->second == CountByStanding{}) in_flight_by_tenant_.erase(tenant);
  ref->queue.finish(success, monotonic_now());
  ++ref->answers_since_load;
  leave_ring(*ref);  // it may stand elsewhere now
  if (ref->queue.breaker().state(monotonic_now()) == BreakerState::kOpen) give_back_waiting(*ref);
}

void Dispatcher::let_go(Endpoint& endpoint, const model::Delivery& delivery) {
  endpoint.queue.let_go(delivery.id, delivery.job_id);
  --loaded_;
}

Task<void> Dispatcher::record_answers() {
  // What is answered in the same turn goes into the same write.
  co_await asio::post(executor_, asio::use_awaitable);
  while (!answers_.records.empty()) {
    const Answers batch = std::exchange(answers_, {});
    auto recorded = co_await record_all(database_, outbox_, batch.records);
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      on_recorded(batch.endpoints[i], batch.records[i], std::move(recorded[i]));
    }
    feed_hungry();
    pump();
  }
  --recording_;
}

void Dispatcher::on_recorded(const EndpointRef& ref, const AttemptRecord& record,
                             Result<Recorded> recorded) {
  let_go(*ref, record.delivery);
  if (record.decision.disable_destination) ref->closing = false;
  if (!recorded) {
    ++counters_.attempts_unrecorded;
    log_warning("an attempt was not recorded; it is made again",
                {{"delivery", record.delivery.id}, {"error", recorded.error().message}});
    ref->load_not_before = monotonic_now() + options_.store_retry_ms;
    give_back(ref->tenant_id, ref->id, record.delivery.id);
    return review(ref);
  }
  count(*recorded, record);
  if (recorded->changed_destination && !ref->forgotten) {
    set_destination(*ref, std::move(recorded->changed_destination));
  }
  if (recorded->state == model::DeliveryState::kPending) {
    set_due(*ref, recorded->next_attempt_at);
  }
  // Its successor may be free now.
  if (ref->destination->options.ordered) set_due(*ref, wall_now());
  for (Published& published : recorded->announcements) take(std::move(published));
  review(ref);
}

void Dispatcher::count(const Recorded& recorded, const AttemptRecord& record) {
  const bool success = record.decision.verdict == Verdict::kDelivered;
  counters_.latency.add(record.attempt.latency_ms);
  if (!success) ++counters_.failures_by_class[record.attempt.error_class];
  if (success) {
    ++counters_.attempts_delivered;
  } else if (recorded.state == model::DeliveryState::kDead) {
    ++counters_.attempts_dead;
  } else {
    ++counters_.attempts_retried;
  }
}

Task<void> Dispatcher::load(EndpointRef ref) {
  ref->reload = false;
  ref->store_due.reset();
  measure(*ref, options_, monotonic_now());
  const std::size_t room = std::min({ref->queue.room(monotonic_now(), ref->held_max),
                                     free_room(is_proven(*ref)), kLeasedAtOnceMax});
  reserved_ += room;
  const auto write = [this, ref, room](store::Connection& db) {
    // On the store's thread: of `ref` only the ids, which never change.
    const WallTime now = timers_.clock().wall_now();
    return store::lease_of_destination(db, {.tenant_id = ref->tenant_id,
                                            .destination_id = ref->id,
                                            .node_id = outbox_.node_id(),
                                            .now = now,
                                            .lease_until = now + options_.lease_ms,
                                            .limit = static_cast<std::int64_t>(room)});
  };
  auto loaded = co_await database_.write(write);
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

void Dispatcher::on_loaded(const EndpointRef& ref, store::LeasedDeliveries loaded) {
  if (!loaded.destination) return forget(std::string(ref->id));
  ref->load_not_before.reset();
  set_destination(*ref, std::make_shared<const model::Destination>(*std::move(loaded.destination)));
  for (store::DueDelivery& due : loaded.taken) {
    ++counters_.leased;
    push(*ref,
         {std::move(due.delivery), std::make_shared<const model::Event>(std::move(due.event))});
  }
  set_due(*ref, loaded.next_due);
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
