#include "gateway/quarantine.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "async/run_on.h"
#include "base/log.h"
#include "gateway/kept_headers.h"
#include "store/rejected_requests.h"

namespace verihook::gateway {
namespace {

constexpr std::chrono::minutes kMinute{1};

// By source id.
using SecretsBySource = std::map<std::string, std::vector<webhooks::KnownSecret>>;

RefusalDiagnosis diagnosis_of(const Quarantine::Refused& refused,
                              const std::vector<webhooks::KnownSecret>& others) {
  if (refused.body_bytes > std::ssize(refused.body)) {
    return {"too_large_to_keep",
            "The body is longer than what is kept of a refused request "
            "(receive.rejected_body_bytes_max), so nothing more can be said of it."};
  }
  const Arrived arrived{refused.headers, refused.body, refused.at};
  return diagnose(*refused.door, arrived, refused.outcome, others);
}

Result<model::RejectedRequest> row_of(const Quarantine::Refused& refused,
                                      const SecretsBySource& others,
                                      const crypto::SecretBox& secrets) {
  const model::Source& source = refused.door->source;
  auto diagnosis = diagnosis_of(refused, others.find(source.id)->second);
  auto headers = kept_headers(refused.headers, refused.door->verifier);
  model::RejectedRequest row;
  row.tenant_id = source.tenant_id;
  row.id = refused.id;
  row.source_id = source.id;
  row.outcome = to_string(refused.outcome);
  row.cause = std::move(diagnosis.cause);
  row.diagnosis = std::move(diagnosis.sentence);
  row.headers = std::move(headers.shown);
  if (!headers.secret.empty()) {
    TRY(sealed, secrets.seal(headers.secret, source_secret_place(source) + "|" + row.id));
    row.secret_headers = std::move(sealed);
  }
  row.peer = refused.client;
  row.body_bytes = refused.body_bytes;
  row.body = refused.body;
  row.received_at = refused.at;
  return row;
}

}  // namespace

Quarantine::Quarantine(asio::any_io_executor executor, Timers& timers, store::Database& database,
                       const crypto::SecretBox& secrets, asio::thread_pool* cpu_pool,
                       QuarantineOptions options)
    : timers_(timers),
      database_(database),
      secrets_(secrets),
      cpu_pool_(cpu_pool),
      options_(options),
      bell_(timers),
      tasks_(executor, "quarantine") {}

void Quarantine::start() { tasks_.spawn("quarantine", run()); }

Task<void> Quarantine::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  while (!waiting_.empty()) co_await keep(next_batch());
}

// Half of the share is for one address, so that who floods a door does not hide the others.
bool Quarantine::has_room(const Refused& refused) {
  Minute& minute = minutes_[refused.door->source.id];
  const MonotonicTime now = timers_.clock().monotonic_now();
  if (now >= minute.end) minute = {now + kMinute, 0, {}};
  const std::int64_t of_one_max = (options_.per_minute_max + 1) / 2;
  if (minute.count >= options_.per_minute_max) return false;
  std::int64_t& of_client = minute.by_client[refused.client];
  if (of_client >= of_one_max) return false;
  ++of_client;
  ++minute.count;
  return true;
}

void Quarantine::take(Refused refused) {
  if (waiting_.size() >= options_.waiting_max) {
    ++stats_.over_queue;
    return;
  }
  if (!has_room(refused)) {
    ++stats_.over_rate;
    return;
  }
  refused.body_bytes = std::ssize(refused.body);
  if (refused.body.size() > options_.body_bytes_max) {
    refused.body = refused.body.substr(0, options_.body_bytes_max);
  }
  waiting_.push_back(std::move(refused));
  bell_.ring();
}

// What is in hand when it is to stop is written.
Task<void> Quarantine::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!cancelled(co_await asio::this_coro::cancellation_state)) {
    const std::uint64_t heard = bell_.rings();
    if (waiting_.empty()) {
      if (!co_await bell_.wait(heard)) co_return;
      continue;
    }
    if (database_.stats().queued_writes <= options_.queued_writes_max) {
      co_await keep(next_batch());
    }
    // A wait that begins after the cancellation would not hear of it.
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    co_await sleep_for(timers_, options_.pause_ms);
  }
}

Quarantine::Batch Quarantine::next_batch() {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < waiting_.size() && count < options_.batch_max) {
    bytes += waiting_[count].body.size();
    if (count > 0 && bytes > options_.batch_bytes_max) break;
    ++count;
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  Batch batch(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

Task<void> Quarantine::keep(Batch batch) {
  const auto done = co_await diagnose_and_write(batch);
  if (done) {
    stats_.kept += batch.size();
    co_return;
  }
  stats_.failed += batch.size();
  log_debug("refused requests were not kept", {{"error", done.error().message}});
}

Task<Result<void>> Quarantine::diagnose_and_write(const Batch& batch) {
  SecretsBySource others;
  for (const Refused& refused : batch) {
    const model::Source& source = refused.door->source;
    if (others.contains(source.id)) continue;
    CO_TRY(known, co_await known_secrets(database_, secrets_, source, refused.at));
    others.emplace(source.id, std::move(known));
  }
  using Rows = std::vector<model::RejectedRequest>;
  CO_TRY(rows, co_await run_on(cpu_pool_, [&]() -> Result<Rows> {
           Rows made;
           for (const Refused& refused : batch) {
             TRY(row, row_of(refused, others, secrets_));
             made.push_back(std::move(row));
           }
           return made;
         }));
  co_return co_await database_.write([&](store::Connection& db) -> Result<void> {
    std::set<std::pair<std::string_view, std::string_view>> sources;
    for (const model::RejectedRequest& row : rows) {
      TRY_VOID(store::insert_rejected_request(db, row));
      sources.emplace(row.tenant_id, row.source_id);
    }
    for (const auto& [tenant_id, source_id] : sources) {
      TRY_VOID(store::trim_rejected_requests(db, tenant_id, source_id, options_.kept_max,
                                             options_.bytes_max));
    }
    return {};
  });
}

Task<Result<std::int64_t>> Quarantine::forget_old(std::int64_t limit) {
  const WallTime before = timers_.clock().wall_now() - options_.memory;
  co_return co_await database_.write([before, limit](store::Connection& db) {
    return store::forget_rejected_requests(db, before, limit);
  });
}

}  // namespace verihook::gateway
