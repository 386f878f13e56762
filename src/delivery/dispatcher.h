// Dispatcher: makes the deliveries. It holds the few that can start soon in one queue per
// destination, lets tenants and destinations take turns, has the handler of the destination's kind
// make each attempt, and records what came of it in one store write. Everything else stays in the
// store: a destination that is slow, limited, paused or broken keeps its backlog there and costs
// nothing, and the dispatcher sleeps until the next delivery falls due or somebody calls.
//
// An attempt ends for its destination with the answer, and the next may start while its outcome is
// being written: outcomes are written many at once. A delivery in memory is leased to this node
// (node_id of the outbox). Leases are renewed while held and end by themselves when the node dies.
// An attempt whose outcome could not be written counts as not made: it is made again, with the same
// event id.
//
// A dead destination delays nobody. Destinations whose last attempt failed share a quarter of the
// attempts that may run at once, of all and of their tenant's; those that have not answered yet a
// half of all, and each of them begins with one attempt at a time. An eighth of the attempts and a
// quarter of the memory are for those only whose last attempt succeeded.
//
// One io thread; `take`, `wake`, `due`, `reread` and `forget` return at once. Nothing here fails:
// what the store refuses is tried again after store_retry_ms. Must be stopped before it is
// destroyed, unless the io context has been stopped for good.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task_group.h"
#include "async/timers.h"
#include "delivery/attempt_recorder.h"
#include "delivery/destination_handler.h"
#include "delivery/dispatcher_stats.h"
#include "delivery/endpoint_queue.h"
#include "delivery/fair_ring.h"
#include "delivery/outbox.h"
#include "store/database.h"
#include "store/delivery_queue.h"

namespace verihook::delivery {

struct DispatcherOptions {
  std::size_t loaded_deliveries_max = 10'000;  // in memory, running ones included
  // Of one destination: at least so many, and what it takes in this time, up to the most.
  std::size_t loaded_per_destination = 200;
  std::size_t loaded_per_destination_max = 4'000;
  Milliseconds loaded_ahead_ms{250};
  std::size_t in_flight_max = 256;
  std::size_t in_flight_per_tenant_max = 128;
  int in_flight_per_destination_max = 32;
  std::size_t endpoints_max = 10'000;  // idle ones beyond it are forgotten
  Milliseconds lease_ms = kLeaseTime;
  Milliseconds sweep_ms{60'000};  // looking for what other nodes left behind
  Milliseconds store_retry_ms{5'000};
  BreakerOptions breaker;
};

class Dispatcher {
 public:
  // Everything passed by reference must outlive the dispatcher.
  Dispatcher(asio::any_io_executor executor, Timers& timers, store::Database& database,
             const Outbox& outbox, Random& random, DestinationHandlers handlers,
             DispatcherOptions options);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Gives back what a former run of this node held, and begins.
  void start();
  // Begins nothing more, lets what runs finish until the deadline, then cancels it, and gives every
  // lease back.
  Task<void> stop(Deadline deadline);

  // Deliveries that a write has just stored. What does not fit is given back to the store.
  void take(Published published);
  // The destination was changed by its owner (created, edited, paused, resumed): it is read again
  // and its breaker starts afresh.
  void wake(std::string_view tenant_id, std::string_view destination_id);
  // Deliveries of the destination may have fallen due in the store (dead_letters.h, replay).
  void due(std::string_view tenant_id, std::string_view destination_id);
  // These events were changed in the store, or removed: what waits of them is given back, so that
  // it is read anew before it is sent. An attempt that is under way is not recalled.
  void reread(std::string_view tenant_id, const std::set<std::string>& event_ids);
  // The deliveries that this replay has issued were called off in the store.
  void call_off(std::string_view replay_id);
  // The destination was deleted.
  void forget(std::string_view destination_id);

  DispatcherStats stats() const;
  // Nothing for a destination that has had no attempt lately.
  std::optional<BreakerState> breaker_state(std::string_view destination_id) const;

 private:
  // How much a destination is trusted with, by its last answer.
  enum class Standing {
    kProven,   // a success
    kUnknown,  // none yet
    kFailing,  // a failure
  };
  static constexpr std::size_t kStandings = 3;
  using CountByStanding = std::array<std::size_t, kStandings>;

  struct Endpoint {
    std::string tenant_id;
    std::string id;
    std::shared_ptr<const model::Destination> destination;  // null until read
    EndpointQueue queue;
    std::size_t held_max = 0;  // how many are worth holding, by the rate at which it takes them
    std::size_t answers_since_load = 0;
    MonotonicTime last_load{};
    std::optional<WallTime> store_due;  // when the store may have something that is not held here
    std::optional<MonotonicTime> load_not_before;
    std::optional<MonotonicTime> timer;
    std::optional<WallTime> failing_since;
    std::optional<Standing> ring;  // where it waits for its turn
    bool loading = false;
    bool reload = false;
    bool hungry = false;   // waits for room in memory
    bool closing = false;  // it is about to be disabled: nothing more until that is written
    bool forgotten = false;
  };
  using EndpointRef = std::shared_ptr<Endpoint>;
  // An attempt that is waiting for its answer.
  struct Running {
    MonotonicTime deadline = MonotonicTime::max();
    std::uint64_t task = 0;  // its number in group_
    bool overdue = false;
  };
  // What waits to be recorded; the two go side by side.
  struct Answers {
    std::vector<EndpointRef> endpoints;
    std::vector<AttemptRecord> records;
  };
  using DeliveryKeys = std::vector<std::pair<std::string, std::string>>;  // destination, delivery

  MonotonicTime monotonic_now() const { return timers_.clock().monotonic_now(); }
  WallTime wall_now() const { return timers_.clock().wall_now(); }
  const EndpointRef& endpoint(std::string_view tenant_id, std::string_view id);
  static Standing standing_of(const Endpoint& endpoint);
  static bool is_proven(const Endpoint& endpoint);
  void set_destination(Endpoint& endpoint, std::shared_ptr<const model::Destination> destination);
  static void set_due(Endpoint& endpoint, std::optional<WallTime> due);

  // Decides what the endpoint waits for next: its turn, the store, a moment. Called after anything
  // about it has changed; `pump` then starts what has its turn.
  void review(const EndpointRef& endpoint);
  bool must_load(const Endpoint& endpoint) const;
  std::optional<MonotonicTime> next_moment(const Endpoint& endpoint) const;
  void set_timer(Endpoint& endpoint, std::optional<MonotonicTime> time);
  void arm();
  void on_alarm();
  void enter_ring(Endpoint& endpoint);
  void leave_ring(Endpoint& endpoint);
  void forget_when_idle(const EndpointRef& endpoint);
  void feed_hungry();
  std::size_t free_room(bool proven) const;

  static void measure(Endpoint& endpoint, const DispatcherOptions& options, MonotonicTime now);

  void pump();
  static bool may_start(const CountByStanding& in_flight, std::size_t standing, std::size_t most,
                        std::size_t unknown);
  bool start_one(std::size_t standing);
  void start_attempt(const EndpointRef& endpoint, HeldDelivery held);
  Task<void> run(EndpointRef endpoint, HeldDelivery held, Standing standing, std::uint64_t attempt);
  Task<AttemptResult> make_attempt(const model::Destination& destination, const HeldDelivery& held,
                                   std::uint64_t attempt);
  void watch(std::uint64_t attempt, MonotonicTime deadline);
  void cancel_overdue();
  bool unwatch(std::uint64_t attempt);
  AttemptRecord judge(Endpoint& endpoint, const HeldDelivery& held, AttemptResult result,
                      WallTime started_at);
  void free_place(const EndpointRef& endpoint, Standing standing, std::optional<bool> success);
  void let_go(Endpoint& endpoint, const model::Delivery& delivery);
  Task<void> record_answers();
  void on_recorded(const EndpointRef& endpoint, const AttemptRecord& record,
                   Result<Recorded> recorded);
  void count(const Recorded& recorded, const AttemptRecord& record);

  Task<void> load(EndpointRef endpoint);
  void on_loaded(const EndpointRef& endpoint, store::LeasedDeliveries loaded);
  bool push(Endpoint& endpoint, HeldDelivery held);
  void give_back_waiting(Endpoint& endpoint);
  void give_back(std::string tenant_id, std::string destination_id, std::string delivery_id);
  Task<void> flush_given_back();
  Task<void> take_stock(bool first);
  void renew();
  Task<void> renew_leases(std::string tenant_id, DeliveryKeys keys, WallTime lease_until);

  Timers& timers_;
  store::Database& database_;
  const Outbox& outbox_;
  Random& random_;
  IdMaker ids_;
  const DestinationHandlers handlers_;
  const DispatcherOptions options_;
  const asio::any_io_executor executor_;

  std::map<std::string, EndpointRef, std::less<>> endpoints_;
  std::set<std::pair<MonotonicTime, std::string>> moments_;  // when, which endpoint
  std::array<std::set<std::string>, 2> hungry_;  // those that have proven themselves, the others
  std::array<FairRing<Endpoint>, kStandings> rings_;
  CountByStanding in_flight_by_standing_{};
  std::map<std::string, CountByStanding, std::less<>> in_flight_by_tenant_;
  std::size_t next_standing_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t loaded_ = 0;
  std::size_t reserved_ = 0;  // room for what is being loaded
  std::optional<MonotonicTime> armed_at_;
  bool pumping_ = false;
  std::map<std::uint64_t, Running> running_;
  std::uint64_t last_attempt_ = 0;
  std::optional<MonotonicTime> watched_deadline_;
  Answers answers_;
  std::size_t recording_ = 0;
  std::vector<std::array<std::string, 3>> given_back_;  // tenant, destination, delivery
  bool flushing_ = false;
  bool stopping_ = false;
  DispatcherStats counters_;

  Alarm alarm_;
  Alarm renew_alarm_;
  Alarm sweep_alarm_;
  Alarm deadline_alarm_;
  TaskGroup group_;
  TaskGroup recorders_;  // ends after the group: what runs to its end is recorded
};

}  // namespace verihook::delivery
