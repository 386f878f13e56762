// CurrentLists: the lists that are in force, out of one compiled file (or the lists built into the
// program) and one file of the operator's own lines, and how they are changed while the program
// runs. The owner asks look() every few seconds; when it says so, read() does the work on any
// thread and take() puts the outcome in force. What cannot be used never replaces what can: the
// lists in force stay, and the log says why. Everything but read() is for one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "address/lists.h"
#include "base/result.h"

namespace verihook::address {

struct ListFiles {
  std::string compiled;  // empty: the lists built in
  std::string local;     // empty: no lines of the operator's own
};

// Both files, read and checked. Errors name the file: kNotFound, kInvalidArgument, kTooLarge.
Result<std::shared_ptr<const Lists>> load_lists(const ListFiles& files, std::string_view built_in);

// Puts a compiled list file in place of the one at `path`, so that after a crash at any moment
// there is the old one or the new one, whole. The text is checked before anything is written.
Result<std::shared_ptr<const Lists>> install_lists(const std::string& path, std::string text);

class CurrentLists {
 public:
  // `built_in` must outlive the object: it is the program's own data.
  static Result<std::unique_ptr<CurrentLists>> load(ListFiles files, std::string_view built_in);

  CurrentLists(const CurrentLists&) = delete;
  CurrentLists& operator=(const CurrentLists&) = delete;

  std::shared_ptr<const Lists> get() const { return lists_; }

  // Whether there is something new to read. A file counts as new once it looks the same in two
  // calls, so that nobody reads half of what an editor is still writing.
  bool look();
  Result<std::shared_ptr<const Lists>> read() const { return load_lists(files_, built_in_); }
  // The outcome of read(); true when other lists are in force now.
  bool take(Result<std::shared_ptr<const Lists>> read);

 private:
  // What tells one version of a file from the next; all zero where there is no file.
  struct FileVersion {
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t octets = 0;

    friend bool operator==(const FileVersion&, const FileVersion&) = default;
  };
  using Versions = std::array<FileVersion, 2>;

  CurrentLists(ListFiles files, std::string_view built_in)
      : files_(std::move(files)), built_in_(built_in) {}
  Versions versions() const;

  const ListFiles files_;
  const std::string_view built_in_;
  std::shared_ptr<const Lists> lists_;
  Versions read_;  // of which read() was last asked for
  Versions seen_;  // by the last look()
};

}  // namespace verihook::address
