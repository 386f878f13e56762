// ResultFile: downloaded results between the download and the transaction that applies them, on
// disk because they may be many more than memory holds. The file has no name from the moment it is
// made, so it is gone with the object or the process, however either ends. Written by one thread,
// then sealed, then read by any one thread, as often as wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "model/contact.h"

namespace verihook::destinations {

class ResultFile {
 public:
  // kStorageFull or kBusy when no file can be made in `folder`, which is made when it is missing.
  static Result<std::unique_ptr<ResultFile>> create(const std::filesystem::path& folder);
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  // kStorageFull when the disk is; kInvalidArgument for texts longer than 65,535 bytes.
  Result<void> append(const model::ContactUpdate& row);
  // No more rows; what was appended can be read.
  Result<void> seal();

  // Calls `on_batch` with up to `rows_max` rows at a time, in the order appended, until it fails.
  using OnBatch = std::function<Result<void>(std::span<const model::ContactUpdate> rows)>;
  Result<void> read(std::size_t rows_max, const OnBatch& on_batch) const;

  std::int64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_ + pending_.size(); }

 private:
  explicit ResultFile(int file) : file_(file) {}
  Result<void> flush();

  const int file_;
  std::string pending_;
  std::uint64_t bytes_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace verihook::destinations
