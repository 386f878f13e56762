// Intake: a list on its way into the store. Rows are added as they arrive, duplicates left out or
// marked, and every full chunk written before the next is gathered, so memory does not grow with
// the list. Duplicates of a list too long for that are found at its end (seen_set.h), and its
// chunks written again without them, or with their marks. The job becomes real with `commit`, one
// transaction after which the list can no longer be lost; before that, `abandon` or the next start
// of the program removes what was written. One per request, on the io thread; `add` and `reject`
// may be called from another while nothing else is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "base/clock.h"
#include "jobs/chunk_codec.h"
#include "jobs/intake/bulk_request.h"
#include "jobs/intake/list_sink.h"
#include "jobs/seen_set.h"
#include "model/job.h"
#include "model/rejected_entry.h"
#include "store/database.h"

namespace verihook::jobs {

struct IntakeLimits {
  // A chunk ends with the row that reaches one of these.
  std::size_t chunk_rows = 10'000;
  std::size_t chunk_bytes = 8 << 20;        // uncompressed
  std::int64_t rejected_kept_max = 10'000;  // of the entries that are no rows; all are counted
  SeenSetLimits seen{};
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

  // Store what is ready often enough that rows do not pile up. Row numbers rise; the number 0 is
  // one more than the number of the row before. kStorageFull or kStorageFailed when there is no
  // room to know duplicates by.
  Result<void> add(InputRowView row);
  // Whether rows that repeat an earlier one are kept, with a mark, until `commit` decides. They
  // must be when it is going to say that they stay; when it may, they cost writing the chunks
  // again.
  void keep_duplicates(bool keep) { keep_duplicates_ = keep; }
  // An entry of the list that is no row.
  void reject(RejectedEntry entry);
  // Rows added, duplicates included.
  std::int64_t row_count() const {
    return job_.total_count + job_.summary.duplicates - kept_duplicates_;
  }
  bool has_ready() const { return !full_chunks_.empty() || rejected_.size() >= kRejectedAtOnce; }
  // Takes what is ready out, so that it can be stored while further rows are added; one at a time.
  class Ready;
  Ready take_ready();
  Task<Result<void>> store(Ready ready);
  Task<Result<void>> store_ready();

  // Stores the rest and makes the job queued, or paused when it is not to start. kInvalidArgument
  // when there is not one address.
  Task<Result<model::Job>> commit(BulkRequest request, AlsoStore also_store);
  // Whether something is stored that did not become a job.
  bool has_rest() const { return job_stored_ && !committed_; }
  // Removes it; for requests that end badly.
  Task<void> abandon();

 private:
  static constexpr std::size_t kRejectedAtOnce = 1'000;

  void gather(const InputRowView& row);
  Task<Result<void>> settle_duplicates(model::Duplicates wanted);
  // Writes the chunks again. `repeated`: places of the set (seen_set.h) that are repetitions; empty
  // when all are known already.
  Task<Result<void>> write_again(std::vector<bool> repeated, model::Duplicates wanted);

  store::Database& database_;
  asio::thread_pool* const cpu_pool_;
  const Clock& clock_;
  const IntakeLimits limits_;
  model::Job job_;
  bool job_stored_ = false;
  bool committed_ = false;
  std::vector<model::RejectedEntry> rejected_;  // not stored yet
  std::optional<model::RejectedEntry> first_rejected_;
  std::int64_t last_number_ = 0;
  SeenSet seen_;
  bool keep_duplicates_ = false;
  std::int64_t kept_duplicates_ = 0;  // among the rows
  PackedRows current_;
  std::vector<PackedRows> full_chunks_;
};

// Chunks and rejected entries on their way into the store.
class Intake::Ready {
 public:
  bool empty() const { return chunks_.empty() && rejected_.empty(); }

 private:
  friend class Intake;

  struct Packed {
    model::Chunk chunk;
    PackedRows rows;
  };

  std::optional<model::Job> job_;  // when it is not stored yet
  std::vector<Packed> chunks_;
  std::vector<model::RejectedEntry> rejected_;
};

}  // namespace verihook::jobs
