// Intake: a list on its way into the store. Rows are added as they arrive, duplicates left out, and
// every full chunk written before the next is gathered, so memory does not grow with the list (but
// for 16 to 32 bytes an address to know duplicates by). The job becomes real with `commit`, one
// transaction after which the list can no longer be lost; before that, `abandon` or the next start
// of the program removes what was written. Lives on the io thread, one per request.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "base/clock.h"
#include "jobs/bulk_request.h"
#include "jobs/chunk_codec.h"
#include "jobs/seen_set.h"
#include "model/job.h"
#include "store/database.h"

namespace verihook::jobs {

struct IntakeLimits {
  std::size_t chunk_rows = 10'000;
};

class Intake {
 public:
  // Runs in the transaction that makes the job real: the endpoint of `webhook_url`, the remembered
  // answer of an Idempotency-Key, … . It is called on the store's thread.
  using AlsoStore = std::function<Result<void>(store::Connection&, const model::Job&)>;

  // Chunks are compressed on `cpu_pool`, which may be null (simulations).
  Intake(store::Database& database, asio::thread_pool* cpu_pool, const Clock& clock,
         std::string tenant_id, std::string job_id, IntakeLimits limits = {});
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // Never waits; call store_full_chunks often enough that they do not pile up. Row numbers rise;
  // the number 0 is one more than the number of the row before.
  void add(InputRow row);
  bool has_full_chunk() const { return !full_chunks_.empty(); }
  Task<Result<void>> store_full_chunks();

  // Stores the rest and makes the job queued, or paused when it is not to start. kInvalidArgument
  // when there is not one address.
  Task<Result<model::Job>> commit(BulkRequest request, AlsoStore also_store);
  // Removes what was stored; for requests that end badly.
  Task<void> abandon();

 private:
  using Rows = std::vector<InputRow>;

  Task<Result<void>> store_chunk(Rows rows);

  store::Database& database_;
  asio::thread_pool* const cpu_pool_;
  const Clock& clock_;
  const IntakeLimits limits_;
  model::Job job_;
  bool job_stored_ = false;
  std::int64_t last_number_ = 0;
  SeenSet seen_;
  Rows current_;
  std::vector<Rows> full_chunks_;
};

}  // namespace verihook::jobs
