// Files as the kernel gives them, for those few places that must know when their bytes are on
// stable storage. Errors are left in errno: each caller has its own words for them. Any thread.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace verihook {

// Closes what it holds when it goes.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  bool is_open() const { return number_ >= 0; }
  int get() const { return number_; }
  // The caller closes it from now on.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// All of the bytes, however many calls it takes. False with errno set.
bool write_fully(int descriptor, std::span<const std::byte> bytes);
inline bool write_fully(int descriptor, std::string_view text) {
  return write_fully(descriptor, std::as_bytes(std::span(text)));
}

// Makes a file that was made, renamed or linked in this folder durable under its name (fsync of the
// folder; an empty path is the current one). False with errno set.
bool sync_folder(const std::filesystem::path& folder);

}  // namespace verihook
