// Batcher: runs the functions that were given to Database::write in transactions, and answers each.
// Used by one thread at a time: the store's writer thread, or the io thread of a simulation.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "store/request_queue.h"
#include "store/transaction_memo.h"

namespace verihook::store {

// Resumes the callers with their results: one post for each executor among them.
void answer(std::vector<Request> requests);

// Calls `work`; an exception becomes kInternal and a line in the log.
Result<void> call(const std::function<Result<void>(Connection&)>& work, Connection& connection);

class Batcher {
 public:
  // Both must outlive this object. `on_failed` is called once, when the store has failed for good.
  Batcher(Driver& driver, Connection& writer, std::function<void(const Error&)> on_failed);
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // Runs the requests in order in one transaction, each in a savepoint of its own, and leaves their
  // answers in them. What a result of success says is on stable storage.
  void run(std::span<Request> requests);
  // Lets the driver do its housekeeping.
  void maintain();

  // Driver::scrub between two transactions.
  Result<void> scrub();

  bool failed() const { return failed_; }

  struct Counters {
    std::atomic<std::uint64_t> commits = 0;
    std::atomic<std::uint64_t> writes = 0;
    std::atomic<std::uint64_t> writes_failed = 0;
    std::atomic<double> last_commit_ms = 0;
    std::atomic<double> commit_ms_total = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  class Watched;

  Result<void> transact(std::span<Request> requests);
  Result<bool> run_in_savepoint(Request& request);
  Result<void> commit();
  void fail_for_good(const Error& error);

  Driver& driver_;
  Connection& writer_;
  TransactionMemo memo_;
  std::function<void(const Error&)> on_failed_;
  std::atomic<bool> failed_ = false;
  Error failure_;
  Counters counters_;
};

}  // namespace verihook::store
