// SqliteDriver: the embedded store. One file in WAL mode with synchronous=FULL: a commit has been
// fdatasync'ed when it returns. SQLite before 3.51.3 can corrupt a database when a checkpoint runs
// while another connection commits after an earlier checkpoint; so ONE connection does every write
// and every checkpoint, no connection checkpoints by itself, and readers are opened read-only.
//
// open_writer creates the folder (0700) and the file (0600) when they are missing, and takes
// PATH.lock for the life of the driver: a second process is refused with kConflict. It fails when
// WAL or synchronous=FULL cannot be had, and on network file systems, where neither locks nor WAL
// hold. The driver outlives its connections; readers are closed before the writer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "store/connection.h"

struct sqlite3;

namespace verihook::store::sqlite {

class SqliteConnection;

struct SqliteOptions {
  // Simulations: nothing is kept, and readers share the writer's handle (reads_through_writer).
  bool in_memory = false;
  // The file system layer to open with; empty is SQLite's own. Tests put faults here.
  std::string vfs;
  int busy_timeout_ms = 5000;
  std::int64_t checkpoint_pages = 8192;  // pages of WAL between two checkpoints (32 MiB)
  std::int64_t truncate_pages =
      65536;                   // from here on, wait for the readers and start again (256 MiB)
  int truncate_wait_ms = 200;  // for so long
};

class SqliteDriver final : public Driver {
 public:
  explicit SqliteDriver(std::filesystem::path path, SqliteOptions options = {});
  ~SqliteDriver() override;
  SqliteDriver(const SqliteDriver&) = delete;
  SqliteDriver& operator=(const SqliteDriver&) = delete;

  Result<std::unique_ptr<Connection>> open_writer() override;
  Result<std::unique_ptr<Connection>> open_reader() override;
  Result<void> begin(Connection& writer) override;
  Result<void> commit(Connection& writer) override;
  void rollback(Connection& writer) override;
  Result<void> maintain(Connection& writer) override;
  Result<void> scrub(Connection& writer) override;
  std::string translate_schema(std::string_view sql) const override;
  bool reads_through_writer() const override { return options_.in_memory; }

 private:
  Result<void> prepare_files();
  Result<void> lock();
  Result<std::shared_ptr<sqlite3>> open_handle(int flags);
  Result<void> configure_writer(SqliteConnection& writer);
  Result<void> checkpoint(SqliteConnection& writer, int mode);

  const std::filesystem::path path_;
  const SqliteOptions options_;
  int lock_file_ = -1;
  std::shared_ptr<sqlite3> shared_handle_;  // in memory only
  std::int64_t wal_pages_ = 0;              // as of the last commit
  std::int64_t tried_pages_ = 0;            // WAL length at the last checkpoint
  std::int64_t warned_pages_ = 0;           // WAL length at the last warning
};

}  // namespace verihook::store::sqlite
