#include "store/database.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <thread>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include "store/batcher.h"
#include "store/schema.h"

namespace verihook::store {
namespace {

// Under steady load the writer never idles; housekeeping then comes after so many commits.
constexpr std::uint64_t kCommitsBetweenMaintenance = 64;

// One snapshot for all statements of a function that reads.
Result<void> read_in_snapshot(Connection& reader, const Request& request) {
  TRY_VOID(reader.execute("BEGIN"));
  const Result<void> done = call(request.work, reader);
  if (const auto ended = reader.execute("COMMIT"); !ended) {
    (void)reader.execute("ROLLBACK");
    if (done) return std::unexpected(ended.error());
  }
  return done;
}

std::vector<Request> one(Request request) {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  return requests;
}

}  // namespace

class Database::Impl {
 public:
  Impl(std::unique_ptr<Driver> driver, DatabaseOptions options,
       std::function<void(const Error&)> on_failed)
      : driver_(std::move(driver)),
        options_(std::move(options)),
        on_failed_(std::move(on_failed)) {}
  ~Impl();

  Result<void> open();
  // Queues it, or answers at once that it cannot be.
  void submit(Request request);
  DatabaseStats stats() const;
  bool failed() const { return batcher_ && batcher_->failed(); }

 private:
  void start_threads();
  void run_writer();
  void run_batch(std::vector<Request> requests);
  void run_reader(Connection& reader);
  void run_reads(Connection& reader, std::vector<Request> requests);
  void run_writes(std::vector<Request> requests, bool more_wait);
  void take_turn();
  void schedule_turn();

  std::unique_ptr<Driver> driver_;
  const DatabaseOptions options_;
  std::function<void(const Error&)> on_failed_;
  std::unique_ptr<Connection> writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  std::optional<Batcher> batcher_;
  std::uint64_t maintained_at_ = 0;  // commits

  RequestQueue writes_;
  RequestQueue reads_;
  std::atomic<std::uint64_t> reads_done_ = 0;
  std::thread writer_thread_;
  std::vector<std::thread> reader_threads_;

  // Inline: one line for both kinds, so that they run in the order of the calls.
  std::deque<Request> line_;
  bool turn_scheduled_ = false;
  // Null once this object has gone: a turn that was posted before looks.
  std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);
};

Result<void> Database::Impl::open() {
  TRY(writer, driver_->open_writer());
  writer_ = std::move(writer);
  TRY_VOID(migrate(*driver_, *writer_));
  const bool threads = !options_.inline_executor;
  const int count = threads && !driver_->reads_through_writer() ? options_.reader_threads : 1;
  for (int i = 0; i < count; ++i) {
    TRY(reader, driver_->open_reader());
    readers_.push_back(std::move(reader));
  }
  batcher_.emplace(*driver_, *writer_, on_failed_);
  if (threads) start_threads();
  return {};
}

void Database::Impl::start_threads() {
  writer_thread_ = std::thread([this] { run_writer(); });
  if (driver_->reads_through_writer()) return;
  for (const auto& reader : readers_) {
    reader_threads_.emplace_back([this, &connection = *reader] { run_reader(connection); });
  }
}

Database::Impl::~Impl() {
  *self_ = nullptr;
  while (!line_.empty()) take_turn();
  writes_.close();
  reads_.close();
  if (writer_thread_.joinable()) writer_thread_.join();
  for (std::thread& thread : reader_threads_) thread.join();
  batcher_.reset();
  readers_.clear();  // the writer closes last: it alone may checkpoint
  writer_.reset();
}

void Database::Impl::run_writer() {
  for (;;) {
    auto requests = writes_.take(options_.batch_writes_max);
    if (requests.empty()) return;
    run_batch(std::move(requests));
  }
}

void Database::Impl::run_batch(std::vector<Request> requests) {
  // Reads that share the writer's thread come between transactions.
  std::vector<Request> reads =
      take_out(requests, [](const Request& request) { return !request.is_write; });
  if (!requests.empty()) run_writes(std::move(requests), writes_.size() > 0);
  if (!reads.empty()) run_reads(*readers_.front(), std::move(reads));
}

void Database::Impl::run_writes(std::vector<Request> requests, bool more_wait) {
  std::vector<Request> scrubs =
      take_out(requests, [](const Request& request) { return request.is_scrub; });
  if (!requests.empty()) {
    batcher_->run(requests);
    answer(std::move(requests));
  }
  for (Request& request : scrubs) request.result = batcher_->scrub();
  answer(std::move(scrubs));
  const std::uint64_t commits = batcher_->counters().commits;
  if (more_wait && commits - maintained_at_ < kCommitsBetweenMaintenance) return;
  maintained_at_ = commits;
  batcher_->maintain();
}

void Database::Impl::run_reads(Connection& reader, std::vector<Request> requests) {
  for (Request& request : requests) request.result = read_in_snapshot(reader, request);
  reads_done_ += requests.size();
  answer(std::move(requests));
}

void Database::Impl::run_reader(Connection& reader) {
  for (;;) {
    auto requests = reads_.take(1);
    if (requests.empty()) return;
    run_reads(reader, std::move(requests));
  }
}

void Database::Impl::submit(Request request) {
  if (!batcher_) {
    request.result = fail(Errc::kInternal, "the database is not open");
    return answer(one(std::move(request)));
  }
  const bool is_write = request.is_write;
  const std::size_t limit = is_write ? options_.queued_writes_max : options_.queued_reads_max;
  if (options_.inline_executor && line_.size() < limit) {
    line_.push_back(std::move(request));
    return schedule_turn();
  }
  const bool by_writer = is_write || driver_->reads_through_writer();
  if (!options_.inline_executor && (by_writer ? writes_ : reads_).push(request, limit)) return;
  request.result = fail(Errc::kBusy, "too much is waiting for the database; try again");
  answer(one(std::move(request)));
}

void Database::Impl::schedule_turn() {
  if (turn_scheduled_ || line_.empty()) return;
  turn_scheduled_ = true;
  asio::post(*options_.inline_executor, [self = self_] {
    if (*self == nullptr) return;
    (*self)->turn_scheduled_ = false;
    (*self)->take_turn();
    (*self)->schedule_turn();
  });
}

// The writes up to the next read in one transaction, or one read.
void Database::Impl::take_turn() {
  const bool is_write = line_.front().is_write;
  const std::size_t count_max = is_write ? options_.batch_writes_max : 1;
  std::vector<Request> requests;
  while (!line_.empty() && line_.front().is_write == is_write && requests.size() < count_max) {
    requests.push_back(std::move(line_.front()));
    line_.pop_front();
  }
  if (is_write) {
    run_writes(std::move(requests), !line_.empty());
  } else {
    run_reads(*readers_.front(), std::move(requests));
  }
}

DatabaseStats Database::Impl::stats() const {
  DatabaseStats stats;
  stats.reads = reads_done_;
  stats.queued_writes = writes_.size() + line_.size();
  if (!batcher_) return stats;
  const Batcher::Counters& counters = batcher_->counters();
  stats.commits = counters.commits;
  stats.writes = counters.writes;
  stats.writes_failed = counters.writes_failed;
  stats.last_commit_ms = counters.last_commit_ms;
  stats.commit_ms_total = counters.commit_ms_total;
  return stats;
}

Database::Database(std::unique_ptr<Driver> driver, DatabaseOptions options,
                   std::function<void(const Error&)> on_failed)
    : impl_(std::make_unique<Impl>(std::move(driver), std::move(options), std::move(on_failed))) {}

Database::~Database() = default;

Result<void> Database::open() { return impl_->open(); }

// The handler's cancellation slot is left alone on purpose: the work refers to the frame of the
// coroutine that waits here, which therefore must not go on before the work has been done.
Task<Result<void>> Database::submit(Work work, Kind kind) {
  const auto initiate = [this, kind](auto handler, Work submitted) {
    Request request;
    request.is_write = kind != Kind::kRead;
    request.is_scrub = kind == Kind::kScrub;
    request.work = std::move(submitted);
    // Tracked: an io context with a caller waiting here has not run out of work.
    request.executor = asio::prefer(asio::get_associated_executor(handler),
                                    asio::execution::outstanding_work.tracked);
    request.resume = std::move(handler);
    impl_->submit(std::move(request));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
      initiate, asio::use_awaitable, std::move(work));
}

Task<Result<void>> Database::submit_write(Work work) {
  return submit(std::move(work), Kind::kWrite);
}
Task<Result<void>> Database::submit_read(Work work) { return submit(std::move(work), Kind::kRead); }
Task<Result<void>> Database::scrub() { return submit({}, Kind::kScrub); }

DatabaseStats Database::stats() const { return impl_->stats(); }
bool Database::failed() const { return impl_->failed(); }

}  // namespace verihook::store
