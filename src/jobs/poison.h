// PoisonHunt: how many rows of a chunk are worked on at once after the program has ended badly with
// that chunk in its hands. A row that crashes the program would do so for ever; here the rows that
// are tried together become fewer with each crash in a row, until one is alone. Alone four times
// and crashed four times, it is given `unexpected_error` without being looked at, and the rest goes
// on. Batches that end well make the next ones larger again, so a node that was merely killed a few
// times loses nothing but pace. Pure.
//
// A crash is a suspected chunk's fault only while its rows are looked at, and that happens to one
// such chunk of a node at a time, and not before the node has run for a while (ChunkWorker): who
// only stood beside it is not blamed, nor anybody for a program that is killed again and again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace verihook::jobs {

class PoisonHunt {
 public:
  // `leases` as in model::Chunk: of the running lease too.
  explicit PoisonHunt(std::int64_t leases) : crashes_(leases > 0 ? leases - 1 : 0) {}

  // Rows of the next batch at most; without a limit while nothing is suspected.
  std::size_t rows_max() const;
  bool suspects() const { return rows_max() != kNoLimit; }
  // The last lease ended badly before anything was stored: results are worth storing soon.
  bool in_a_hurry() const { return crashes_ > 0; }
  // The first open row is not to be tried again: it is the one.
  bool blames_first_row() const;

  // A batch has its results in the store.
  void batch_done();
  // What Chunk::leases is from then on; the running lease is counted.
  std::int64_t leases() const { return crashes_ + 1; }

  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

 private:
  std::int64_t crashes_;
  int done_in_a_row_ = 0;
};

}  // namespace verihook::jobs
