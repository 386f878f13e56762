#include "jobs/single_verifications.h"

#include <algorithm>

#include "base/log.h"
#include "jobs/job_events.h"
#include "jobs/parking.h"
#include "jobs/poison.h"
#include "verification/result_json.h"
#include "verification/verdict_rules.h"

namespace verihook::jobs {
namespace {

// What is due and cannot be had now is not asked for at once again.
constexpr Milliseconds kDuePauseMin{500};

Result<std::vector<model::Verification>> lease(store::Connection& db,
                                               store::VerificationLease wanted) {
  TRY(most_leases, store::most_leases_of_due(db, wanted.now));
  const PoisonHunt hunt(most_leases + 1);
  if (!hunt.suspects()) return store::lease_verifications(db, wanted);
  // Only beside one another, so that the next crash says more.
  if (!wanted.held.empty()) return std::vector<model::Verification>();
  if (hunt.rows_max() < static_cast<std::size_t>(wanted.rows_max)) {
    wanted.rows_max = static_cast<std::int64_t>(hunt.rows_max());
  }
  return store::lease_suspects(db, wanted);
}

}  // namespace

// A verification's place among those in progress, left however its coroutine ends.
class SingleVerifications::InProgress {
 public:
  InProgress(SingleVerifications& all, std::string tenant_id)
      : all_(all), tenant_id_(std::move(tenant_id)) {}
  ~InProgress() {
    --all_.in_progress_count_;
    const auto of_tenant = all_.in_progress_.find(tenant_id_);
    if (--of_tenant->second == 0) all_.in_progress_.erase(of_tenant);
    all_.wake();
  }
  InProgress(const InProgress&) = delete;
  InProgress& operator=(const InProgress&) = delete;

 private:
  SingleVerifications& all_;
  const std::string tenant_id_;
};

SingleVerifications::SingleVerifications(asio::any_io_executor executor, Timers& timers,
                                         store::Database& database,
                                         verification::Verifier& verifier,
                                         const delivery::Outbox& outbox, IdMaker& ids,
                                         OnPublished on_published,
                                         SingleVerificationsOptions options)
    : timers_(timers),
      database_(database),
      verifier_(verifier),
      outbox_(outbox),
      ids_(ids),
      on_published_(std::move(on_published)),
      options_(std::move(options)),
      bell_(timers),
      loop_(executor, "single verifications"),
      workers_(executor, "single verifications in progress") {}

void SingleVerifications::start() { loop_.spawn("lease", lease_due()); }

void SingleVerifications::wake() { bell_.ring(); }

Task<void> SingleVerifications::stop() {
  loop_.cancel();
  co_await loop_.join();
  workers_.cancel();
  co_await workers_.join();
  const auto released = co_await database_.write([&](store::Connection& db) {
    return store::release_verifications(db, options_.node_id, store::LeaseEnd::kOrderly);
  });
  // When that fails, the next start takes them back.
  if (!released) {
    log_warning("verifications could not be given back", {{"error", released.error().message}});
  }
}

bool SingleVerifications::has_room() const {
  if (suspects_only_ && in_progress_count_ > 0) return false;
  return in_progress_count_ < options_.in_progress_max;
}

// What a former run of this node had.
Task<void> SingleVerifications::take_back() {
  for (;;) {
    const auto taken = co_await database_.write([&](store::Connection& db) {
      return store::release_verifications(db, options_.node_id, store::LeaseEnd::kCrash);
    });
    if (taken || cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    log_warning("what the last run had could not be taken back",
                {{"error", taken.error().message}});
    co_await sleep_for(timers_, options_.retry_pause_ms);
  }
}

Task<void> SingleVerifications::lease_due() {
  co_await take_back();
  for (;;) {
    while (!has_room()) {
      const bool woken = co_await bell_.wait(bell_.rings());
      if (!woken) co_return;
    }
    const std::uint64_t heard = bell_.rings();
    const WallTime now = timers_.clock().wall_now();
    const store::VerificationLease wanted{
        .node_id = options_.node_id,
        .now = now,
        .until = now + options_.lease_ms,
        .rows_max = options_.in_progress_max - in_progress_count_,
        .rows_per_tenant_max = options_.in_progress_per_tenant_max,
        .held = in_progress_};
    auto leased =
        co_await database_.write([&](store::Connection& db) { return lease(db, wanted); });
    if (!leased) {
      log_warning("no verification could be leased", {{"error", leased.error().message}});
      co_await sleep_for(timers_, options_.retry_pause_ms);
    } else if (leased->empty()) {
      co_await wait_for_work(heard);
    } else {
      ++stats_.leases;
      suspects_only_ = PoisonHunt(leased->front().leases).suspects();
      for (model::Verification& verification : *leased) {
        ++in_progress_count_;
        ++in_progress_[verification.tenant_id];
        workers_.spawn("verify", work(std::move(verification)));
      }
    }
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  }
}

// Until wake(), until one in progress ends, or until something is due.
Task<void> SingleVerifications::wait_for_work(std::uint64_t heard) {
  if (bell_.rings() != heard) co_return;
  const auto due = co_await database_.read(
      [](store::Connection& db) { return store::next_verification_time(db); });
  Milliseconds pause = options_.lease_ms;
  if (due && *due) {
    const auto left = **due - timers_.clock().wall_now();
    pause = std::clamp(std::chrono::ceil<Milliseconds>(left), kDuePauseMin, pause);
  }
  co_await bell_.wait(heard, Deadline::after(timers_.clock(), pause));
}

Task<void> SingleVerifications::work(model::Verification verification) {
  const InProgress place(*this, verification.tenant_id);
  model::Verdict verdict = co_await ask(verification);
  // What came of it in a stop is not an answer; stop() gives the verification back.
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  const auto again = ask_again_at(options_.patience, verification.options, verdict,
                                  verification.times_parked, timers_.clock().wall_now());
  if (again) {
    co_await park(verification, *again);
    co_return;
  }
  if (verdict.smtp.checked) verdict.smtp.attempts += static_cast<int>(verification.times_parked);
  co_await finish(verification, verdict);
}

Task<model::Verdict> SingleVerifications::ask(const model::Verification& verification) {
  const Clock& clock = timers_.clock();
  if (PoisonHunt(verification.leases).blames_first_row()) {
    log_error("a verification is left out because the program crashed each time with it",
              {{"verification_id", verification.id}});
    co_return verification::unseen_verdict(verification.email, model::Reason::kUnexpectedError,
                                           verification.options, clock.wall_now());
  }
  co_return co_await verifier_.verify(
      verification.email,
      options_of_try(options_.patience, verification.options, verification.times_parked),
      Deadline::after(clock, Milliseconds{verification.timeout_ms}));
}

template <class Function>
Task<bool> SingleVerifications::write(Function function) {
  for (;;) {
    const Result<void> written = co_await database_.write(function);
    if (written) co_return true;
    if (written.error().code == Errc::kConflict) {
      ++stats_.leases_lost;
      co_return false;
    }
    log_warning("a verification could not be stored", {{"error", written.error().message}});
    co_await sleep_for(timers_, options_.retry_pause_ms);
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return false;
  }
}

Task<void> SingleVerifications::park(const model::Verification& verification, WallTime until) {
  stats_.parked += co_await write(
      [&](store::Connection& db) { return store::park_verification(db, verification, until); });
}

Task<void> SingleVerifications::finish(const model::Verification& verification,
                                       const model::Verdict& verdict) {
  const WallTime now = timers_.clock().wall_now();
  std::string result;
  verification::append_result(result, verdict, {});
  model::Event event = verified_event(verification, result, now);
  event.id = ids_.make(id_prefix::kEvent);
  delivery::Published published;
  const bool stored = co_await write([&](store::Connection& db) -> Result<void> {
    TRY_VOID(store::finish_verification(db, verification, result, now));
    TRY(made, outbox_.publish(db, event));
    published = std::move(made);
    return {};
  });
  if (!stored) co_return;
  ++stats_.finished;
  on_published_(std::move(published));
}

}  // namespace verihook::jobs
