// EndpointQueue: the deliveries of one destination that this node holds in memory, and the rules by
// which the next may start: so many at once, so many a second, one at a time per job when the
// destination is ordered, and what the circuit breaker allows. Pure: the dispatcher gives the time
// and performs what is started.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "delivery/circuit_breaker.h"
#include "model/destination.h"
#include "model/event.h"

namespace verihook::delivery {

struct HeldDelivery {
  model::Delivery delivery;
  std::shared_ptr<const model::Event> event;
};

class EndpointQueue {
 public:
  explicit EndpointQueue(BreakerOptions breaker = {}) : breaker_(breaker) {}

  // Takes over the limits; those already running go on. `attempts_max` caps max_in_flight.
  void configure(const model::DeliveryOptions& options, int attempts_max);

  // False when it is held already.
  bool push(HeldDelivery held);
  bool holds(std::string_view delivery_id) const { return held_.contains(delivery_id); }
  // Waiting and running ones whose lease ends before `time`.
  std::vector<std::string> leases_ending_before(WallTime time) const;
  WallTime lease_of(std::string_view delivery_id) const;  // long ago when it is not held
  void set_lease(std::string_view delivery_id, WallTime lease_until);
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t waiting_new() const { return waiting_.size() - waiting_replayed(); }
  std::size_t in_flight() const { return in_flight_; }

  // Drops what waits and satisfies `unwanted`; how many.
  std::size_t drop_waiting(const std::function<bool(const HeldDelivery&)>& unwanted);
  // Takes out everything that waits.
  std::vector<HeldDelivery> take_waiting();
  std::optional<WallTime> oldest_due() const;

  // True when start_next would give something.
  bool can_start(MonotonicTime now) const;
  // Takes the next one that may start now, in the order of arrival; what is replayed after all
  // else.
  std::optional<HeldDelivery> start_next(MonotonicTime now);
  // When something that waits can start by the passing of time alone; nothing when there is no such
  // time (nothing waits, or a running one must end first).
  std::optional<MonotonicTime> wait_until(MonotonicTime now) const;
  // Of `held_max`, how many are worth holding: with a rate no more than can start soon, for what
  // waits here keeps others out of the memory.
  std::size_t held_most(MonotonicTime now, std::size_t held_max) const;
  // Before that time none is, by the rate.
  MonotonicTime held_from() const;
  // How many more are worth having from the store when it may hold so many, those included whose
  // outcome is still to be recorded.
  std::size_t room(MonotonicTime now, std::size_t held_max) const;

  // One that was started has its answer: another may start in its place, though it is held, and
  // its job taken, until `let_go`. Without an outcome (it was abandoned) the breaker learns
  // nothing.
  void finish(std::optional<bool> success, MonotonicTime now);
  // What came of it is on record.
  void let_go(const std::string& delivery_id, const std::string& job_id);

  CircuitBreaker& breaker() { return breaker_; }
  const CircuitBreaker& breaker() const { return breaker_; }

 private:
  std::deque<HeldDelivery>::iterator next_waiting();
  bool job_is_free(const HeldDelivery& held) const;
  std::size_t waiting_replayed() const;

  CircuitBreaker breaker_;
  int max_in_flight_ = 1;
  std::chrono::nanoseconds interval_{0};  // between starts; 0: any rate
  bool ordered_ = false;
  std::deque<HeldDelivery> waiting_;                    // those of replays behind the others
  std::map<std::string, WallTime, std::less<>> held_;   // until when each is leased
  std::multiset<std::string, std::less<>> jobs_taken_;  // by those started and not let go
  std::size_t in_flight_ = 0;
  MonotonicTime next_start_{};  // by the rate
};

}  // namespace verihook::delivery
