// Database: the asynchronous face of the store and the batcher behind it. Every durable write goes
// through `write`: the functions that came in while the last commit ran are executed one after
// another in one transaction, each in a savepoint of its own, and are answered together after one
// fdatasync. So an answer means stable storage, and a thousand writers share the cost of one.
//
// `write` and `read` are called on an io thread and resume there. The functions run on the store's
// own threads (or, for simulations, on the io thread itself): they must not touch anything that
// lives on the io thread, and they may run SQL through the repositories and nothing else that
// waits.
//
// When a commit fails because the disk is full, every function of that batch gets kStorageFull and
// has left nothing behind. When it fails in any other way the store has failed for good: this and
// all later writes answer kStorageFailed, and `on_failed` is called once, on the store's thread, so
// that the program can stop. Reads go on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "async/task.h"
#include "store/connection.h"

namespace verihook::store {

struct DatabaseOptions {
  int reader_threads = 2;
  std::size_t batch_writes_max = 4096;    // functions in one commit
  std::size_t queued_writes_max = 65536;  // beyond: kBusy at once
  std::size_t queued_reads_max = 65536;   // likewise
  // Simulations: run everything on this executor, in the order of the calls, without threads. A
  // batch is then what was queued when its turn came.
  std::optional<asio::any_io_executor> inline_executor;
};

struct DatabaseStats {
  std::uint64_t commits = 0;
  std::uint64_t writes = 0;  // functions committed
  std::uint64_t writes_failed = 0;
  std::uint64_t reads = 0;
  std::uint64_t queued_writes = 0;  // waiting now
  double last_commit_ms = 0;
  double commit_ms_total = 0;
};

class Database {
 public:
  Database(std::unique_ptr<Driver> driver, DatabaseOptions options,
           std::function<void(const Error&)> on_failed);
  // Commits what is queued, then closes.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Opens, migrates to the newest schema, starts the threads.
  Result<void> open();

  // Function: Result<T>(Connection&).
  template <class Function>
  Task<std::invoke_result_t<Function&, Connection&>> write(Function function) {
    using Value = std::invoke_result_t<Function&, Connection&>;
    std::optional<Value> value;
    const Result<void> committed =
        co_await submit_write([&](Connection& connection) -> Result<void> {
          value.emplace(function(connection));
          if (!*value) return std::unexpected(value->error());
          return {};
        });
    if (!committed) co_return std::unexpected(committed.error());
    co_return std::move(*value);
  }

  template <class Function>
  Task<std::invoke_result_t<Function&, Connection&>> read(Function function) {
    using Value = std::invoke_result_t<Function&, Connection&>;
    std::optional<Value> value;
    const Result<void> done = co_await submit_read([&](Connection& connection) -> Result<void> {
      value.emplace(function(connection));
      return {};
    });
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(*value);
  }

  // Nothing of what was deleted before is left in the database's files when this returns. kBusy: a
  // reader still needs some of it; try again.
  Task<Result<void>> scrub();

  DatabaseStats stats() const;
  bool failed() const;

 private:
  using Work = std::function<Result<void>(Connection&)>;
  // Neither can be cancelled once submitted: the caller is resumed when the work has been done.
  Task<Result<void>> submit_write(Work work);
  Task<Result<void>> submit_read(Work work);
  enum class Kind { kWrite, kRead, kScrub };
  Task<Result<void>> submit(Work work, Kind kind);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace verihook::store
