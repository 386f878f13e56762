// FaultyVfs: SQLite's own file system layer with faults on demand, for tests. Registered under its
// name as long as it lives; connections that use it are closed before. The switches may be set by
// any thread.
#pragma once

#include <atomic>
#include <string>

#include <sqlite3.h>

namespace verihook::store::sqlite {

class FaultyVfs {
 public:
  explicit FaultyVfs(std::string name);
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const { return name_; }

  std::atomic<int> syncs_to_fail = 0;          // the next so many calls of fsync answer EIO
  std::atomic<bool> disk_full = false;         // files cannot grow
  std::atomic<bool> writes_fail = false;       // every write answers EIO
  std::atomic<bool> checkpoints_fail = false;  // writes to the database file itself answer EIO
  std::atomic<bool> shared_memory = true;      // false: WAL is impossible
  std::atomic<int> syncs = 0;                  // calls of fsync

 private:
  const std::string name_;
  sqlite3_vfs vfs_ = {};
};

}  // namespace verihook::store::sqlite
