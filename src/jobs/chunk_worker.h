// ChunkWorker: one leased chunk from the rows that are still open to the last result. Part of
// Engine; lives in the coroutine that runs it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/chunk_codec.h"
#include "jobs/engine.h"

namespace verihook::jobs {

class ChunkWorker {
 public:
  ChunkWorker(Engine& engine, store::LeasedChunk leased);
  ChunkWorker(const ChunkWorker&) = delete;
  ChunkWorker& operator=(const ChunkWorker&) = delete;

  // Returns when the chunk is done, given back, or no longer ours.
  Task<void> run();

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
  void take(std::size_t open_index, model::Verdict verdict);
  // Whether the row is to be asked again later instead; then it is noted for that.
  bool park(const model::Verdict& verdict);
  Task<void> verify_open_rows();
  Task<void> wait_for_checkpoint();
  // Writes the fresh results; with all rows answered also the final result.
  Task<Progress> checkpoint();
  store::Checkpoint encode(const std::vector<Fresh>& fresh);
  Task<void> give_back();
  Task<void> fail_job(std::string_view code, std::string sentence);
  bool all_rows_answered() const { return answered_ == rows_.size(); }
  // What keeps this host from verifying anything ends the job.
  Task<bool> fail_when_in_trouble();
  std::optional<WallTime> deadline() const;
  bool deadline_passed() const;
  WallTime parked_until() const;

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
  std::size_t answered_ = 0;     // rows with a result, stored or fresh
  std::int64_t parked_ = 0;      // rows left for later
  WallTime parked_until_{};      // when the last of them may be asked again
  bool fails_half_way_ = false;  // the sandbox address that makes a job fail is in this chunk
  bool verification_ended_ = false;
  bool checkpoint_due_ = false;
  WaitList attention_;
};

}  // namespace verihook::jobs
