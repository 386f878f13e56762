#include "jobs/chunk_worker.h"

#include <algorithm>
#include <unordered_set>

#include "async/run_on.h"
#include "base/log.h"
#include "jobs/erased_rows.h"
#include "jobs/job_events.h"
#include "jobs/parking.h"
#include "jobs/result_record.h"
#include "verification/sandbox.h"
#include "verification/verdict_rules.h"
#include "webhooks/payload.h"

namespace verihook::jobs {
namespace {

// Until something is stored after a crash: what is stored tells a killed node from a poisoned row.
constexpr Milliseconds kHurriedInterval{500};

// What a checkpoint's transaction leaves to do when it has been committed.
struct Committed {
  model::Job job;
  delivery::Published published;
};

// The job's state and its event, in the transaction that stored the results they follow from.
Result<Committed> settle_job(store::Connection& db, const delivery::Outbox& outbox, model::Job job,
                             const std::string& event_id, const DownloadLinks& links,
                             Outlook outlook, WallTime now) {
  Committed committed{std::move(job), {}};
  model::Job& current = committed.job;
  std::optional<model::Event> event;
  if (current.processed_count == current.total_count) {
    current.state = model::JobState::kCompleted;
    current.finished_at = now;
    event = completed_event(current, links, now);
  } else if (progress_is_due(current, now)) {
    TRY(parked, store::find_parked_rows(db, current.tenant_id, current.id));
    outlook.parked_count = parked.count;
    outlook.parked_until = parked.until;
    current.progress_event_at = now;
    current.progress_event_count = current.processed_count;
    event = progress_event(current, outlook, now);
  }
  if (!event) return committed;
  event->id = event_id;
  TRY_VOID(store::update_job(db, current));
  TRY(published, outbox.publish(db, *event));
  committed.published = std::move(published);
  return committed;
}

}  // namespace

ChunkWorker::ChunkWorker(Engine& engine, store::LeasedChunk leased)
    : engine_(engine),
      chunk_(std::move(leased.chunk)),
      job_(std::move(leased.job)),
      input_(std::move(leased.input)),
      segments_(std::move(leased.segments)),
      hunt_(chunk_.leases),
      leases_stored_(chunk_.leases) {}

Task<void> ChunkWorker::run() {
  // The verification below refers to this object, so a cancellation must not unwind past it.
  co_await asio::this_coro::throw_if_cancelled(false);
  const Result<void> decoded = co_await run_on(engine_.cpu_pool_, [this] { return decode(); });
  if (!decoded) {
    log_error("a stored chunk cannot be read",
              {{"job_id", chunk_.job_id}, {"error", decoded.error().message}});
    co_await fail_job("PROCESSING_ERROR", decoded.error().message);
    co_return;
  }
  TaskGroup verification(engine_.executor_, "verification of a chunk");
  for (;;) {
    if (batch_is_stored() && !all_batches_ended() && may_begin()) begin_batch(verification);
    co_await wait_for_checkpoint();
    const bool stopping = halted_ || cancelled(co_await asio::this_coro::cancellation_state);
    if (stopping) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      verification.cancel();
      co_await verification.join();
    }
    // Before the checkpoint, which might complete the job. What is fresh then are failures alone.
    if (!stopping && co_await fail_when_in_trouble()) break;
    const Progress progress = co_await checkpoint();
    if (co_await ends_here(stopping, progress)) break;
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  verification.cancel();
  co_await verification.join();
}

Task<bool> ChunkWorker::ends_here(bool stopping, Progress progress) {
  if (progress != Progress::kGoOn) co_return true;
  if (stopping) {
    co_await give_back();
    co_return true;
  }
  // Paused or ended by somebody else: the next round takes leave.
  if (!model::is_active(job_.state)) halt();
  if (all_batches_ended() && fails_half_way_) {
    co_await fail_job("PROCESSING_ERROR", "the list contains the sandbox address that fails a job");
    co_return true;
  }
  co_return false;
}

void ChunkWorker::halt() {
  halted_ = true;
  attention_.wake_all();
}

Result<void> ChunkWorker::decode() {
  TRY(rows, decode_rows(input_));
  rows_ = std::move(rows);
  for (const std::string& segment : segments_) TRY_VOID(decode_results(segment, stored_lines_));
  std::unordered_set<std::int64_t> answered;
  for (const ResultLine& line : stored_lines_) answered.insert(line.number);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    fails_half_way_ |= verification::fails_the_job(rows_[i].email);
    if (answered.contains(rows_[i].number)) continue;
    if (is_erased(rows_[i])) {
      fresh_.push_back({i, unseen(i, model::Reason::kNotAttempted)});
    } else {
      open_rows_.push_back(i);
    }
  }
  answered_ = answered.size() + fresh_.size();
  if (fails_half_way_) {
    const std::size_t half = rows_.size() / 2;
    std::erase_if(open_rows_, [&](std::size_t row) { return row >= half; });
  }
  for (const std::size_t row : open_rows_) open_emails_.push_back(rows_[row].email);
  input_.clear();
  segments_.clear();
  return {};
}

model::Verdict ChunkWorker::unseen(std::size_t row, model::Reason reason) const {
  return verification::unseen_verdict(rows_[row].email, reason, job_.options,
                                      engine_.timers_.clock().wall_now());
}

bool ChunkWorker::may_begin() {
  if (!hunt_.suspects()) {
    leave_trial();
    return true;
  }
  if (trial_ == Trial::kNone && engine_.on_trial_ == nullptr && engine_.is_calm()) {
    engine_.on_trial_ = this;
    trial_ = Trial::kBegun;
  }
  return trial_ == Trial::kNoted;
}

void ChunkWorker::leave_trial() {
  if (engine_.on_trial_ == this) engine_.on_trial_ = nullptr;
  trial_ = Trial::kNone;
}

std::int64_t ChunkWorker::leases_now(const PoisonHunt& hunt) const {
  return hunt.leases() - (hunt.suspects() && trial_ == Trial::kNone ? 1 : 0);
}

// The store knows so, and nothing is to be done but to look again later.
bool ChunkWorker::waits_for_trial() const {
  return batch_is_stored() && !all_batches_ended() && hunt_.suspects() && trial_ == Trial::kNone &&
         leases_stored_ == leases_now(hunt_);
}

// Rows that are still open, as many as may be tried together (jobs/poison.h); mostly all of them.
void ChunkWorker::begin_batch(TaskGroup& verification) {
  const std::size_t begin = batch_end_;
  if (hunt_.blames_first_row()) {
    batch_end_ = begin + 1;
    log_error(
        "an address is left out because the program crashed each time it was looked at",
        {{"job_id", chunk_.job_id}, {"row", std::to_string(rows_[open_rows_[begin]].number)}});
    take(begin, unseen(open_rows_[begin], model::Reason::kUnexpectedError));
    return;
  }
  batch_end_ = begin + std::min(hunt_.rows_max(), open_rows_.size() - begin);
  batch_ended_ = false;
  if (fresh_.empty()) fresh_.reserve(batch_end_ - begin);
  verification.spawn("verify", verify_batch(begin, batch_end_));
}

Task<void> ChunkWorker::verify_batch(std::size_t begin, std::size_t end) {
  const model::JobOptions options =
      options_of_try(engine_.options_.patience, job_.options, chunk_.times_parked);
  const std::span<const std::string> emails(open_emails_.data() + begin, end - begin);
  // On trial it has a line of its own at the mail servers, not one behind the job's other chunks:
  // the sooner it is over, the less likely is a kill that says nothing about its rows.
  const bool on_trial = trial_ != Trial::kNone;
  const verification::Asker asker{chunk_.tenant_id, chunk_.job_id + (on_trial ? "/trial" : "")};
  co_await engine_.verifier_.verify_all(emails, options, asker,
                                        [this, begin](std::size_t index, model::Verdict&& verdict) {
                                          take(begin + index, std::move(verdict));
                                        });
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
  batch_ended_ = true;
  attention_.wake_all();
}

void ChunkWorker::take(std::size_t open_index, model::Verdict&& verdict) {
  if (park(verdict)) return;
  verdict.smtp.attempts += verdict.smtp.checked ? static_cast<int>(chunk_.times_parked) : 0;
  fresh_.push_back({open_rows_[open_index], std::move(verdict)});
  ++answered_;
}

bool ChunkWorker::park(const model::Verdict& verdict) {
  const auto again = ask_again_at(engine_.options_.patience, job_.options, verdict,
                                  chunk_.times_parked, engine_.timers_.clock().wall_now());
  if (!again) return false;
  ++parked_;
  parked_until_ = std::max(parked_until_, *again);
  return true;
}

Task<void> ChunkWorker::wait_for_checkpoint() {
  const Milliseconds interval = engine_.options_.checkpoint_interval_ms;
  const Deadline due =
      Deadline::after(engine_.timers_.clock(),
                      hunt_.in_a_hurry() ? std::min(interval, kHurriedInterval) : interval);
  while ((!batch_ended_ || waits_for_trial()) && !halted_) {
    if (cancelled(co_await asio::this_coro::cancellation_state)) co_return;
    const auto woken = co_await attention_.wait(engine_.timers_, due);
    if (!woken) co_return;
  }
}

ChunkWorker::Harvest ChunkWorker::take_harvest() {
  Harvest harvest;
  harvest.fresh = std::exchange(fresh_, {});
  harvest.all_rows_answered = answered_ == rows_.size();
  const bool only_parked_left = all_batches_ended() && parked_ > 0 && !fails_half_way_ &&
                                answered_ + static_cast<std::size_t>(parked_) == rows_.size();
  if (only_parked_left) harvest.parked_count = parked_;
  harvest.batch_ended = batch_ended_;
  return harvest;
}

store::Checkpoint ChunkWorker::encode(const Harvest& harvest) {
  store::Checkpoint checkpoint;
  checkpoint.tenant_id = chunk_.tenant_id;
  checkpoint.job_id = chunk_.job_id;
  checkpoint.chunk_number = chunk_.number;
  checkpoint.fence = chunk_.fence;
  checkpoint.row_count = std::ssize(harvest.fresh);
  checkpoint.done = harvest.all_rows_answered;
  checkpoint.parked_count = harvest.parked_count;
  std::vector<ResultLine> lines;
  lines.reserve(harvest.fresh.size());
  for (const Fresh& result : harvest.fresh) {
    const InputRow& row = rows_[result.row];
    checkpoint.summary.count(result.verdict);
    ResultLine& line = lines.emplace_back(row.number, "");
    append_record(line.record, result.verdict, row.id, row.data, row.duplicate);
  }
  if (checkpoint.done) {
    lines.insert(lines.end(), stored_lines_.begin(), stored_lines_.end());
    std::ranges::sort(lines, {}, &ResultLine::number);
    checkpoint.result = encode_results(lines);
  } else if (!lines.empty()) {
    checkpoint.segment = encode_results(lines);
    stored_lines_.insert(stored_lines_.end(), std::make_move_iterator(lines.begin()),
                         std::make_move_iterator(lines.end()));
  }
  return checkpoint;
}

Task<ChunkWorker::Progress> ChunkWorker::checkpoint() {
  const Harvest harvest = take_harvest();
  const std::vector<Fresh>& fresh = harvest.fresh;
  const std::size_t stored_before = stored_lines_.size();
  store::Checkpoint checkpoint =
      co_await run_on(engine_.cpu_pool_, [&] { return encode(harvest); });
  const WallTime now = engine_.timers_.clock().wall_now();
  checkpoint.lease_until =
      checkpoint.parked_count > 0 ? parked_until_ : now + engine_.options_.lease_ms;
  PoisonHunt hunt = hunt_;
  if (!fresh.empty() && (harvest.batch_ended || !hunt.suspects())) hunt.batch_done();
  // A chunk that is parked is given back: its lease did not end badly.
  checkpoint.leases = leases_now(hunt) - (checkpoint.parked_count > 0 ? 1 : 0);
  const Outlook outlook{.rows_per_ms = engine_.pace_.rows_per_ms(chunk_.job_id, now)};
  const std::string event_id = engine_.ids_.make(id_prefix::kEvent);
  auto committed =
      co_await engine_.database_.write([&](store::Connection& db) -> Result<Committed> {
        TRY(job, store::checkpoint_chunk(db, checkpoint));
        if (model::is_final(job.state)) return fail(Errc::kConflict, "the job has ended meanwhile");
        return settle_job(db, engine_.outbox_, std::move(job), event_id, engine_.options_.links,
                          outlook, now);
      });
  if (!committed) {
    const Errc code = committed.error().code;
    if (code == Errc::kConflict || code == Errc::kNotFound) {
      ++engine_.stats_.leases_lost;
      co_return Progress::kChunkEnded;
    }
    // The store is full or busy: the results are kept and offered again with the next ones.
    log_warning("results could not be stored",
                {{"job_id", chunk_.job_id}, {"error", committed.error().message}});
    stored_lines_.resize(stored_before);
    fresh_.insert(fresh_.begin(), fresh.begin(), fresh.end());
    co_await sleep_for(engine_.timers_, engine_.options_.retry_pause_ms);
    co_return Progress::kGoOn;
  }
  ++engine_.stats_.checkpoints;
  hunt_ = hunt;
  leases_stored_ = checkpoint.leases;
  if (trial_ == Trial::kBegun) trial_ = Trial::kNoted;
  job_ = std::move(committed->job);
  engine_.note_progress(job_, std::move(committed->published));
  if (checkpoint.parked_count > 0) {
    engine_.leases_.ring();  // to wait for that time
    co_return Progress::kChunkEnded;
  }
  if (!checkpoint.done) co_return Progress::kGoOn;
  ++engine_.stats_.chunks_finished;
  co_return Progress::kChunkEnded;
}

Task<void> ChunkWorker::give_back() {
  const auto released = co_await engine_.database_.write(
      [&](store::Connection& db) { return store::release_chunk(db, chunk_); });
  // When that fails the lease runs out by itself.
  if (!released) log_warning("a chunk could not be given back", {{"job_id", chunk_.job_id}});
}

Task<void> ChunkWorker::fail_job(std::string code, std::string sentence) {
  const JobEnding ending{
      .state = model::JobState::kFailed, .code = std::move(code), .sentence = std::move(sentence)};
  const auto ended = co_await engine_.write_ending(chunk_.tenant_id, chunk_.job_id, ending);
  if (!ended) {
    log_error("a failed job could not be marked so",
              {{"job_id", chunk_.job_id}, {"error", ended.error().message}});
    co_return;
  }
  engine_.halt_workers(chunk_.job_id);
}

Task<bool> ChunkWorker::fail_when_in_trouble() {
  switch (engine_.verifier_.take_trouble()) {
    case verification::Trouble::kNone:
      co_return false;
    case verification::Trouble::kEgressBlocked:
      if (!job_.options.smtp) co_return false;
      co_await fail_job("EGRESS_BLOCKED",
                        "no mail server can be reached from this host: port 25 outwards seems to "
                        "be blocked; run `verihook doctor` there");
      co_return true;
    case verification::Trouble::kResolverUnavailable:
      co_await fail_job("RESOLVER_UNAVAILABLE",
                        "the name servers of this host answer nothing; see dns.servers and run "
                        "`verihook doctor` there");
      co_return true;
  }
  co_return false;
}

}  // namespace verihook::jobs
