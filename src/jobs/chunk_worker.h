// ChunkWorker: one leased chunk from the rows that are still open to the last result. Part of
// Engine; lives in the coroutine that runs it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/chunk_codec.h"
#include "jobs/engine.h"
#include "jobs/poison.h"

namespace verihook::jobs {

class ChunkWorker {
 public:
  ChunkWorker(Engine& engine, store::LeasedChunk leased);
  ~ChunkWorker() { leave_trial(); }
  ChunkWorker(const ChunkWorker&) = delete;
  ChunkWorker& operator=(const ChunkWorker&) = delete;

  // Returns when the chunk is done, given back, or no longer ours.
  Task<void> run();
  // Begins no further probe; what is known is stored and the chunk given back, then run() returns.
  void halt();
  const std::string& job_id() const { return chunk_.job_id; }

 private:
  struct Fresh {
    std::size_t row = 0;  // index into rows_
    model::Verdict verdict;
  };
  enum class Progress {
    kGoOn,
    kChunkEnded,  // done, or the job ended, or the lease is another's
  };

  Result<void> decode();
  void take(std::size_t open_index, model::Verdict&& verdict);
  // Whether the row is to be asked again later instead; then it is noted for that.
  bool park(const model::Verdict& verdict);
  model::Verdict unseen(std::size_t row, model::Reason reason) const;
  // Whether the next batch may begin: of a chunk that is suspected, when it is its turn.
  bool may_begin();
  void leave_trial();
  // What Chunk::leases is to be in the store: a lease counts from when its rows are looked at.
  std::int64_t leases_now(const PoisonHunt& hunt) const;
  bool waits_for_trial() const;
  void begin_batch(TaskGroup& verification);
  Task<void> verify_batch(std::size_t begin, std::size_t end);
  bool batch_is_stored() const { return batch_ended_ && fresh_.empty(); }
  bool all_batches_ended() const { return batch_ended_ && batch_end_ == open_rows_.size(); }
  Task<void> wait_for_checkpoint();
  // Whether the loop of run() is to end here.
  Task<bool> ends_here(bool stopping, Progress progress);
  // Writes the fresh results; with all rows answered also the final result.
  Task<Progress> checkpoint();
  // What is fresh and how the chunk stands with it. Taken at once: answers go on coming while they
  // are encoded and stored.
  struct Harvest {
    std::vector<Fresh> fresh;
    bool all_rows_answered = false;
    std::int64_t parked_count = 0;  // 0 unless nobody else is left
    bool batch_ended = false;
  };
  Harvest take_harvest();
  // On the CPU pool: touches nothing that an answer changes.
  store::Checkpoint encode(const Harvest& harvest);
  Task<void> give_back();
  Task<void> fail_job(std::string code, std::string sentence);
  // What keeps this host from verifying anything ends the job.
  Task<bool> fail_when_in_trouble();

  Engine& engine_;
  model::Chunk chunk_;
  model::Job job_;
  std::string input_;
  std::vector<std::string> segments_;

  std::vector<InputRow> rows_;
  std::vector<ResultLine> stored_lines_;  // of earlier checkpoints, for the final result
  std::vector<std::size_t> open_rows_;    // indexes into rows_, in order
  std::vector<std::string> open_emails_;
  std::vector<Fresh> fresh_;
  enum class Trial { kNone, kBegun, kNoted };  // kNoted: the store counts this lease
  PoisonHunt hunt_;
  Trial trial_ = Trial::kNone;
  std::int64_t leases_stored_ = 0;
  std::size_t batch_end_ = 0;    // in open_rows_: where the batch that is under way ends
  std::size_t answered_ = 0;     // rows with a result, stored or fresh
  std::int64_t parked_ = 0;      // rows left for later
  WallTime parked_until_{};      // when the last of them may be asked again
  bool fails_half_way_ = false;  // the sandbox address that makes a job fail is in this chunk
  bool batch_ended_ = true;
  bool halted_ = false;
  WaitList attention_;
};

}  // namespace verihook::jobs
