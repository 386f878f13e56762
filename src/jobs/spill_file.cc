#include "jobs/spill_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <unistd.h>

#include <fmt/format.h>

namespace verihook::jobs {
namespace {

constexpr std::size_t kBlockEntries = 2'048;
constexpr std::size_t kBlockBytes = kBlockEntries * sizeof(SpillEntry);
constexpr int kPartBits = 6;
static_assert(std::size_t{1} << kPartBits == SpillFile::kParts);

std::unexpected<Error> trouble(std::string_view what) {
  const int error = errno;
  const Errc code = error == ENOSPC || error == EDQUOT ? Errc::kStorageFull : Errc::kStorageFailed;
  return fail(code,
              fmt::format("the temporary file for duplicates {}: {}", what, std::strerror(error)));
}

}  // namespace

Result<std::unique_ptr<SpillFile>> SpillFile::create(const std::string& folder) {
  std::error_code error;
  std::string name = folder;
  if (name.empty()) name = std::filesystem::temp_directory_path(error).string();
  name += "/verihook-XXXXXX";
  std::unique_ptr<SpillFile> file(new SpillFile(mkostemp(name.data(), O_CLOEXEC)));
  if (!file->file_.is_open()) return trouble("cannot be made as " + name);
  if (unlink(name.c_str()) != 0) return trouble("cannot be unlinked");
  return file;
}

Result<void> SpillFile::append(const SpillEntry& entry) {
  Part& part = parts_[entry.high >> (64 - kPartBits)];
  part.block.push_back(entry);
  return part.block.size() < kBlockEntries ? Result<void>() : write_block(part);
}

Result<void> SpillFile::write_block(Part& part) {
  if (!write_fully(file_.get(), std::as_bytes(std::span(part.block)))) {
    return trouble("cannot be written");
  }
  part.full_blocks.push_back(block_count_++);
  part.block.clear();
  return {};
}

Result<std::vector<SpillEntry>> SpillFile::read_part(std::size_t number) {
  Part& part = parts_[number];
  std::vector<SpillEntry> entries = std::move(part.block);
  const std::size_t in_memory = entries.size();
  entries.resize(in_memory + part.full_blocks.size() * kBlockEntries);
  char* at = reinterpret_cast<char*>(entries.data() + in_memory);
  for (const std::uint64_t block : part.full_blocks) {
    const auto begin = static_cast<off_t>(block * kBlockBytes);
    for (std::size_t done = 0; done < kBlockBytes;) {
      const ssize_t got =
          pread(file_.get(), at + done, kBlockBytes - done, begin + static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return trouble("cannot be read");
      if (got == 0) {
        errno = EIO;
        return trouble("has become shorter");
      }
      done += static_cast<std::size_t>(got);
    }
    at += kBlockBytes;
  }
  return entries;
}

}  // namespace verihook::jobs
