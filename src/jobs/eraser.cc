#include "jobs/eraser.h"

#include "async/run_on.h"
#include "base/log.h"
#include "jobs/erased_rows.h"
#include "jobs/erased_texts.h"
#include "store/accounts.h"
#include "store/jobs.h"
#include "store/removal.h"

namespace verihook::jobs {
namespace {

using Count = Result<std::int64_t>;

constexpr std::int64_t kTenantsAtOnce = 100;

}  // namespace

Eraser::Eraser(asio::any_io_executor executor, Timers& timers, store::Database& database,
               verification::Verifier& verifier, asio::thread_pool* cpu_pool, OnFreed on_freed,
               OnEventsChanged on_events_changed, EraserOptions options)
    : timers_(timers),
      database_(database),
      verifier_(verifier),
      cpu_pool_(cpu_pool),
      on_freed_(std::move(on_freed)),
      on_events_changed_(std::move(on_events_changed)),
      options_(options),
      bell_(timers),
      tasks_(executor, "eraser") {}

void Eraser::start() { tasks_.spawn("erase", run()); }

void Eraser::wake() { bell_.ring(); }

Task<void> Eraser::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<void> Eraser::run() {
  for (;;) {
    const std::uint64_t heard = bell_.rings();
    const auto more = co_await do_next();
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    if (!more) {
      log_warning("an address could not be erased yet; it will be tried again",
                  {{"error", more.error().message}});
      co_await sleep_for(timers_, options_.retry_pause_ms);
    } else if (!*more) {
      co_await bell_.wait(heard);
    }
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

// False when there is none.
Task<Result<bool>> Eraser::do_next() {
  CO_TRY(erasure,
         co_await database_.read([](store::Connection& db) { return store::next_erasure(db); }));
  if (!erasure) co_return false;
  if (erasure->state == model::ErasureState::kRunning) {
    CO_TRY_VOID(co_await erase(*std::move(erasure)));
  } else {
    CO_TRY_VOID(co_await scrub(*std::move(erasure)));
  }
  co_return true;
}

Task<Result<void>> Eraser::erase(model::Erasure erasure) {
  const address::Spellings words(erasure.email);
  for (;;) {
    verifier_.forget(words.key());
    CO_TRY(changed, co_await pass(erasure, words));
    if (changed == 0) break;
  }
  CO_TRY_VOID(co_await wait_until_removed());
  co_return co_await database_.write([&](store::Connection& db) -> Result<void> {
    TRY(current, store::find_erasure(db, erasure.tenant_id, erasure.id));
    current.email.clear();
    current.state = model::ErasureState::kScrubbing;
    return store::update_erasure(db, current);
  });
}

// The address is in no row any more; now its bytes leave the files.
Task<Result<void>> Eraser::scrub(model::Erasure erasure) {
  for (;;) {
    const auto scrubbed = co_await database_.scrub();
    if (scrubbed) break;
    if (scrubbed.error().code != Errc::kBusy) co_return scrubbed;
    co_await sleep_for(timers_, options_.wait_pause_ms);
  }
  const WallTime now = timers_.clock().wall_now();
  co_return co_await database_.write([&](store::Connection& db) -> Result<void> {
    TRY(current, store::find_erasure(db, erasure.tenant_id, erasure.id));
    current.state = model::ErasureState::kCompleted;
    current.finished_at = now;
    return store::update_erasure(db, current);
  });
}

// Rows of deleted jobs, which nobody can find any more and which may hold the address.
Task<Result<void>> Eraser::wait_until_removed() {
  for (;;) {
    CO_TRY(left, co_await database_.read(
                     [](store::Connection& db) { return store::count_removed_jobs(db); }));
    if (left == 0) co_return Result<void>{};
    co_await sleep_for(timers_, options_.wait_pause_ms);
  }
}

Task<Count> Eraser::pass(const model::Erasure& erasure, const address::Spellings& words) {
  if (!erasure.scope.empty()) co_return co_await erase_of_tenant(erasure, words, erasure.scope);
  std::int64_t changed = 0;
  std::string after;
  for (;;) {
    CO_TRY(tenants, co_await database_.read([&](store::Connection& db) {
      return store::list_tenants(db, after, kTenantsAtOnce);
    }));
    for (const model::Tenant& tenant : tenants) {
      CO_TRY(of_tenant, co_await erase_of_tenant(erasure, words, tenant.id));
      changed += of_tenant;
    }
    if (std::ssize(tenants) < kTenantsAtOnce) co_return changed;
    after = tenants.back().id;
  }
}

// Lists before what is told of them, so that nothing is told anew.
Task<Count> Eraser::erase_of_tenant(const model::Erasure& erasure, const address::Spellings& words,
                                    std::string tenant_id) {
  CO_TRY(changed, co_await erase_in_jobs(erasure, words, tenant_id));
  for (const store::TextTable& table : store::text_tables()) {
    CO_TRY(in_texts, co_await erase_in_texts(erasure, words, table, tenant_id));
    changed += in_texts;
  }
  co_return changed;
}

Task<Count> Eraser::erase_in_jobs(const model::Erasure& erasure, const address::Spellings& words,
                                  std::string tenant_id) {
  std::int64_t changed = 0;
  std::string before;
  for (;;) {
    CO_TRY(jobs, co_await database_.read([&](store::Connection& db) {
      return store::list_jobs(db, tenant_id, before, options_.rows_per_read);
    }));
    for (const model::Job& job : jobs) {
      CO_TRY(in_job, co_await erase_in_chunks(erasure, words, job));
      changed += in_job;
    }
    if (std::ssize(jobs) < options_.rows_per_read) co_return changed;
    before = jobs.back().id;
  }
}

// A list that is still arriving does not know yet how many chunks it has.
Task<Count> Eraser::erase_in_chunks(const model::Erasure& erasure, const address::Spellings& words,
                                    const model::Job& job) {
  std::int64_t changed = 0;
  for (std::int64_t number = 0;; ++number) {
    const auto in_chunk = co_await erase_in_chunk_of(erasure, words, job, number);
    if (!in_chunk && in_chunk.error().code == Errc::kNotFound) co_return changed;
    if (!in_chunk) co_return in_chunk;
    changed += *in_chunk;
  }
}

Task<Count> Eraser::erase_in_chunk_of(const model::Erasure& erasure,
                                      const address::Spellings& words, const model::Job& job,
                                      std::int64_t number) {
  for (;;) {
    CO_TRY(stored, co_await database_.read([&](store::Connection& db) {
      return store::find_chunk_results(db, job.tenant_id, job.id, number, true);
    }));
    CO_TRY(erased, co_await run_on(cpu_pool_, [&] { return erase_in_chunk(stored, words); }));
    if (!erased) co_return 0;
    const auto written = co_await database_.write([&](store::Connection& db) -> Result<void> {
      TRY_VOID(store::rewrite_chunk(
          db, stored.chunk,
          {.input = erased->input, .segments = erased->segments, .result = erased->result}));
      return store::count_erased(db, erasure, "list_rows", erased->rows);
    });
    if (written) {
      if (stored.chunk.state == model::ChunkState::kLeased) on_freed_();
      co_return erased->rows;
    }
    // A worker wrote results meanwhile: they are looked at too.
    if (written.error().code != Errc::kConflict) co_return std::unexpected(written.error());
  }
}

Task<Count> Eraser::erase_in_texts(const model::Erasure& erasure, const address::Spellings& words,
                                   const store::TextTable& table, std::string tenant_id) {
  std::int64_t changed = 0;
  std::vector<std::string> after;
  for (;;) {
    CO_TRY(rows, co_await database_.read([&](store::Connection& db) {
      return store::find_texts(db, table, tenant_id, after, options_.rows_per_read);
    }));
    const bool last = std::ssize(rows) < options_.rows_per_read;
    if (!rows.empty()) after = rows.back().key;
    co_await run_on(cpu_pool_, [&] {
      std::erase_if(rows, [&](const store::TextRow& row) { return !holds_address(row, words); });
    });
    if (!rows.empty()) {
      std::set<std::string> events;
      CO_TRY(in_page, co_await database_.write([&](store::Connection& db) -> Count {
        std::int64_t count = 0;
        events.clear();
        for (const store::TextRow& row : rows) {
          TRY(what,
              store::change_texts(db, table, tenant_id, row.key, [&](store::TextRow& current) {
                return erase_in_text_row(table, current, words);
              }));
          if (what == store::TextChange::kNone) continue;
          ++count;
          if (table.name == "events") events.insert(row.key.front());
        }
        if (count > 0) TRY_VOID(store::count_erased(db, erasure, table.name, count));
        return count;
      }));
      changed += in_page;
      if (!events.empty()) on_events_changed_(tenant_id, events);
    }
    if (last) co_return changed;
  }
}

}  // namespace verihook::jobs
