// SeenSet: which rows of a list are repetitions, exactly, in memory that does not grow with it. A
// row is known by a 128-bit digest of its text; two different texts with one digest need 2^64 rows.
//
// As long as a list is short, a table in memory says at once whether a text was there before. When
// the table is full it goes to a temporary file, and everything that follows too: each digest with
// the row's place, parted by the digest, so that `resolve` can look at one part after another and
// find the repetitions by sorting. The file has no name and is gone with the object.
//
// One thread at a time; `insert` and `resolve` may wait for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/sha256.h"
#include "jobs/spill_file.h"

namespace verihook::jobs {

struct SeenSetLimits {
  std::size_t entries_in_memory_max = 1'000'000;  // 32 MiB
  std::string spill_folder{};                     // empty: the system's for temporary files
};

class SeenSet {
 public:
  explicit SeenSet(SeenSetLimits limits = {}) : limits_(std::move(limits)) {}

  // False when `text` was there before, so that this row is none. True says that it is new, or,
  // once `is_undecided`, that only `resolve` will tell. Rows for which it is true have places 0, 1,
  // 2, …. kStorageFull or kStorageFailed when the temporary file cannot be written.
  Result<bool> insert(std::string_view text);
  bool is_undecided() const { return spill_ != nullptr; }

  // Which places are repetitions of an earlier one, one bit for each. Ends the set.
  Result<std::vector<bool>> resolve();

 private:
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;  // both zero: an empty slot
    friend bool operator==(const Key&, const Key&) = default;
  };

  Key key_of(std::string_view text);
  bool put(Key key);
  void grow();
  Result<void> move_to_disk();

  const SeenSetLimits limits_;
  crypto::Sha256 hash_;  // one for all, which is much cheaper than one for each
  std::vector<Key> slots_;
  std::size_t size_ = 0;
  std::uint64_t places_ = 0;
  std::unique_ptr<SpillFile> spill_;
};

}  // namespace verihook::jobs
