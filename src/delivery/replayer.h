// Replayer: works off replays, each at its own pace, a slice per store write. It gives deliveries
// to the store and tells the dispatcher, which makes them behind whatever is new; so a replay for
// an endpoint that is down delays nobody and itself ends. A replay goes on after a crash or a
// restart where its last write left it.
//
// Lives on the io thread. What the store refuses is tried again after store_retry_ms. Must be
// stopped before the dispatcher is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "async/task_group.h"
#include "async/timers.h"
#include "async/wait_list.h"
#include "delivery/dispatcher.h"
#include "delivery/replay_step.h"
#include "store/database.h"

namespace verihook::delivery {

inline constexpr double kReplayRateMax = 10'000;

struct ReplayerOptions {
  std::int64_t issued_at_once_max = 200;
  std::size_t running_max = 100;  // of all tenants
  Milliseconds store_retry_ms{1'000};
};

class Replayer {
 public:
  // Everything passed by reference must outlive it.
  Replayer(asio::any_io_executor executor, Timers& timers, store::Database& database,
           const Outbox& outbox, Dispatcher& dispatcher, ReplayerOptions options);
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  // Goes on with those that have not finished.
  void start();
  Task<void> stop();

  // The same replay with its end and the number of deliveries that it would issue.
  Task<Result<model::Replay>> count(model::Replay replay);
  // Stores one that was counted, together with what `also` writes, and begins. kBusy when too many
  // run.
  using Write = std::function<Result<void>(store::Connection& db)>;
  Task<Result<void>> begin(model::Replay replay, Write also);
  // kNotFound; kConflict when its state forbids it. Changing it to what it is changes nothing.
  Task<Result<model::Replay>> change(std::string tenant_id, std::string id,
                                     model::ReplayState state);

 private:
  using Key = std::pair<std::string, std::string>;  // tenant, replay

  // A replay that is being worked off.
  struct Work {
    bool news = false;  // it was changed since it was last read
    WaitList waiting;
  };

  Task<void> resume_open();
  void wake(const Key& key);
  Task<void> run(Key key, Work& work);
  Task<void> work_off(Key key, Work& work);
  // Until the time has come, or there are news.
  Task<void> wait(Work& work, MonotonicTime until);

  Timers& timers_;
  store::Database& database_;
  const Outbox& outbox_;
  Dispatcher& dispatcher_;
  const ReplayerOptions options_;
  std::map<Key, Work> running_;
  TaskGroup tasks_;
};

}  // namespace verihook::delivery
