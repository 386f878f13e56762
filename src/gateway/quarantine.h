// Quarantine: keeps what sources refuse, with a diagnosis, apart from the events. Whoever sends
// forged requests must neither fill the disk nor be in the way of what is accepted: of each source
// only so many a minute are kept, at most half of them from one address; what is kept waits in a
// short queue, which is diagnosed beside the io thread and written in small batches with pauses,
// and not at all while the store's writer has much to do. What finds no room is counted, and the
// answer to the sender never waits. In the store the oldest of a source make room. Lives on the io
// thread; one per node.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "async/doorbell.h"
#include "async/task_group.h"
#include "async/timers.h"
#include "crypto/secret_box.h"
#include "gateway/checks.h"
#include "gateway/refusal_diagnosis.h"
#include "gateway/sources.h"
#include "model/rejected_request.h"
#include "store/database.h"

namespace verihook::gateway {

struct QuarantineOptions {
  std::int64_t per_minute_max = 60;                     // of one source; 0 keeps none
  std::int64_t kept_max = 1'000;                        // likewise, in the store
  std::int64_t bytes_max = std::int64_t{64} << 20;      // likewise
  std::size_t body_bytes_max = std::size_t{256} << 10;  // of one request; of more, its beginning
  std::chrono::hours memory{24 * 7};
  std::size_t waiting_max = 200;
  std::size_t batch_max = 20;                          // in one write
  std::size_t batch_bytes_max = std::size_t{1} << 20;  // likewise
  Milliseconds pause_ms{100};                          // between two writes
  std::uint64_t queued_writes_max = 1'000;             // with more, the store is left alone
};

struct QuarantineStats {
  std::uint64_t kept = 0;
  std::uint64_t over_rate = 0;   // past what is kept of a source in a minute
  std::uint64_t over_queue = 0;  // the queue was full
  std::uint64_t failed = 0;      // the store did not take them
};

class Quarantine {
 public:
  // Everything passed by reference must outlive it. A null pool: think on the io thread.
  Quarantine(asio::any_io_executor executor, Timers& timers, store::Database& database,
             const crypto::SecretBox& secrets, asio::thread_pool* cpu_pool,
             QuarantineOptions options);
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  void start();
  // Writes what still waits.
  Task<void> stop();

  struct Refused {
    SourcePointer door;
    Outcome outcome = Outcome::kInvalidSignature;
    std::string id;      // the request's
    std::string client;  // the address
    WallTime at{};
    http::Headers headers;
    std::string body;
    std::int64_t body_bytes = 0;  // of the whole of it; `take` counts
  };
  // Does nothing that takes time.
  void take(Refused refused);

  // Forgets what is older than `memory`, at most `limit`; how many. For a periodic task.
  Task<Result<std::int64_t>> forget_old(std::int64_t limit);

  const QuarantineStats& stats() const { return stats_; }

 private:
  // What of one source has been taken in the current minute.
  struct Minute {
    MonotonicTime end{};
    std::int64_t count = 0;
    std::unordered_map<std::string, std::int64_t> by_client;
  };
  using Batch = std::vector<Refused>;

  bool has_room(const Refused& refused);
  Task<void> run();
  Batch next_batch();
  Task<void> keep(Batch batch);
  Task<Result<void>> diagnose_and_write(const Batch& batch);

  Timers& timers_;
  store::Database& database_;
  const crypto::SecretBox& secrets_;
  asio::thread_pool* const cpu_pool_;
  const QuarantineOptions options_;
  std::unordered_map<std::string, Minute> minutes_;  // by source id: as many as there are sources
  std::vector<Refused> waiting_;
  QuarantineStats stats_;
  Doorbell bell_;
  TaskGroup tasks_;
};

}  // namespace verihook::gateway
