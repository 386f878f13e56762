// SpillFile: digests of rows in a temporary file, parted by their first bits so that one part fits
// into memory. The file never has a name, so nothing is left of it when the program ends, however
// it does. Memory: a block for each part. One thread at a time; waits for the disk.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace verihook::jobs {

struct SpillEntry {
  std::uint64_t high = 0;  // of the digest
  std::uint64_t low = 0;
  std::uint64_t place = 0;

  auto operator<=>(const SpillEntry&) const = default;
};

class SpillFile {
 public:
  static constexpr std::size_t kParts = 64;

  // `folder` empty: the system's for temporary files. kStorageFailed when none can be made there.
  static Result<std::unique_ptr<SpillFile>> create(const std::string& folder);
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // kStorageFull or kStorageFailed.
  Result<void> append(const SpillEntry& entry);
  // In no particular order. kStorageFailed when the file does not give back what it was given.
  Result<std::vector<SpillEntry>> read_part(std::size_t part);

 private:
  struct Part {
    std::vector<SpillEntry> block;
    std::vector<std::uint64_t> full_blocks;  // their numbers in the file
  };

  explicit SpillFile(int descriptor) : file_(descriptor) {}
  Result<void> write_block(Part& part);

  FileDescriptor file_;
  std::array<Part, kParts> parts_;
  std::uint64_t block_count_ = 0;
};

}  // namespace verihook::jobs
