#include "store/batcher.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "store/row_counts.h"

namespace verihook::store {
namespace {

namespace asio = boost::asio;

bool is_of_storage(Errc code) { return code == Errc::kStorageFull || code == Errc::kStorageFailed; }

// A caller that throws must not keep the others from their answers.
void resume_all(std::vector<Request>& requests) {
  std::exception_ptr first;
  for (Request& request : requests) {
    try {
      request.resume(std::move(request.result));
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

void post_answers(std::vector<Request> requests) {
  const auto executor = requests.front().executor;
  asio::post(executor, [requests = std::move(requests)]() mutable { resume_all(requests); });
}

}  // namespace

void answer(std::vector<Request> requests) {
  while (!requests.empty()) {
    const auto executor = requests.front().executor;
    post_answers(
        take_out(requests, [&](const Request& request) { return request.executor == executor; }));
  }
}

Result<void> call(const std::function<Result<void>(Connection&)>& work, Connection& connection) {
  try {
    return work(connection);
  } catch (const std::exception& exception) {
    log_error("a store function threw", {{"what", exception.what()}});
  } catch (...) {
    log_error("a store function threw", {{"what", "something that is no exception"}});
  }
  return fail(Errc::kInternal, "a function of the store failed; the log says how");
}

// The writer as functions see it: remembers an error of storage, which spoils the whole transaction
// even when the function that met it carries on.
class Batcher::Watched final : public Connection {
 public:
  Watched(Connection& inner, TransactionMemo& memo) : inner_(inner), memo_(memo) {}

  TransactionMemo* memo() override { return &memo_; }

  using Connection::execute;
  using Connection::query;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override {
    return watch(inner_.execute(sql, params));
  }
  Result<void> query(std::string_view sql, std::span<const Param> params,
                     const std::function<bool(const Row&)>& on_row) override {
    return watch(inner_.query(sql, params, on_row));
  }
  Result<void> execute_script(std::string_view sql) override {
    return watch(inner_.execute_script(sql));
  }

  const std::optional<Error>& storage_error() const { return storage_error_; }

 private:
  template <class T>
  Result<T> watch(Result<T> result) {
    if (!result && is_of_storage(result.error().code) && !storage_error_) {
      storage_error_ = result.error();
    }
    return result;
  }

  Connection& inner_;
  TransactionMemo& memo_;
  std::optional<Error> storage_error_;
};

Batcher::Batcher(Driver& driver, Connection& writer, std::function<void(const Error&)> on_failed)
    : driver_(driver), writer_(writer), on_failed_(std::move(on_failed)) {}

void Batcher::run(std::span<Request> requests) {
  Result<void> done;
  if (failed_) {
    done = std::unexpected(failure_);
  } else {
    done = transact(requests);
    if (!done) {
      driver_.rollback(writer_);
      if (done.error().code == Errc::kStorageFailed) fail_for_good(done.error());
    }
  }
  std::uint64_t written = 0;
  for (Request& request : requests) {
    if (!done) request.result = done;
    if (request.result) ++written;
  }
  counters_.writes += written;
  counters_.writes_failed += requests.size() - written;
}

// An error is the whole batch's; what single functions answer is in their requests.
Result<void> Batcher::transact(std::span<Request> requests) {
  TRY_VOID(driver_.begin(writer_));
  memo_ = {};
  bool anything = false;
  if (requests.size() == 1) {
    Watched watched(writer_, memo_);
    requests[0].result = call(requests[0].work, watched);
    if (watched.storage_error()) return std::unexpected(*watched.storage_error());
    anything = requests[0].result.has_value();
  } else {
    for (Request& request : requests) {
      TRY(kept, run_in_savepoint(request));
      anything = anything || kept;
    }
  }
  if (anything) {
    TRY_VOID(write_row_counts(writer_, memo_));
    return commit();
  }
  driver_.rollback(writer_);
  return {};
}

// True when the function succeeded; an error when the transaction is lost.
Result<bool> Batcher::run_in_savepoint(Request& request) {
  TRY_VOID(writer_.execute("SAVEPOINT one"));
  const auto rows_added = memo_.rows_added;
  Watched watched(writer_, memo_);
  request.result = call(request.work, watched);
  if (watched.storage_error()) return std::unexpected(*watched.storage_error());
  if (!request.result) {
    TRY_VOID(writer_.execute("ROLLBACK TO SAVEPOINT one"));
    memo_ = {.rows_added = rows_added, .destinations = {}};
  }
  TRY_VOID(writer_.execute("RELEASE SAVEPOINT one"));
  return request.result.has_value();
}

Result<void> Batcher::commit() {
  const auto start = std::chrono::steady_clock::now();
  Result<void> committed = driver_.commit(writer_);
  // Anything but a full disk leaves it unknown what is on the disk.
  if (!committed && committed.error().code != Errc::kStorageFull) {
    committed = fail(Errc::kStorageFailed, committed.error().message);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  counters_.commits += 1;
  counters_.last_commit_ms = took.count();
  counters_.commit_ms_total += took.count();
  return committed;
}

void Batcher::maintain() {
  if (failed_) return;
  const Result<void> done = driver_.maintain(writer_);
  if (done) return;
  log_warning("the store's housekeeping failed", {{"error", done.error().message}});
  if (done.error().code == Errc::kStorageFailed) fail_for_good(done.error());
}

Result<void> Batcher::scrub() {
  if (failed_) return std::unexpected(failure_);
  const Result<void> done = driver_.scrub(writer_);
  if (!done && done.error().code == Errc::kStorageFailed) fail_for_good(done.error());
  return done;
}

void Batcher::fail_for_good(const Error& error) {
  failure_ = error;
  failed_ = true;
  log_error("the store has failed; nothing is acknowledged any more", {{"error", error.message}});
  if (on_failed_) on_failed_(error);
}

}  // namespace verihook::store
