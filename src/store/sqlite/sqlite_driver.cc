#include "store/sqlite/sqlite_driver.h"

#include <array>
#include <unistd.h>
#include <utility>

#include <sqlite3.h>

#include "base/log.h"
#include "store/sqlite/files.h"
#include "store/sqlite/sqlite_connection.h"

namespace verihook::store::sqlite {
namespace {

constexpr std::string_view kWriterSettings =
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA foreign_keys = OFF;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA secure_delete = ON;"    // what is deleted is overwritten: see scrub()
    "PRAGMA temp_store = MEMORY;"   // and with it the journals of savepoints
    "PRAGMA cache_size = -65536;";  // KiB

constexpr std::string_view kReaderSettings =
    "PRAGMA query_only = ON;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -16384;";

Result<std::string> setting(SqliteConnection& connection, std::string_view pragma) {
  std::string value;
  TRY_VOID(connection.query(pragma, {}, [&](const Row& row) {
    value = row.string(0);
    return false;
  }));
  return value;
}

Result<void> expect_setting(SqliteConnection& connection, std::string_view pragma,
                            std::string_view wanted) {
  TRY(value, setting(connection, pragma));
  if (value == wanted) return {};
  return fail(Errc::kStorageFailed, "SQLite answers " + value + " to " + std::string(pragma) +
                                        " where " + std::string(wanted) +
                                        " is needed; put the database on a local disk");
}

// Runs after every commit of the writer, on its thread.
int note_wal_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<std::int64_t*>(pages) = count;
  return SQLITE_OK;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// SQLite's own count of its memory costs a lock at every allocation, and nobody asks for it. Of the
// whole process, before its first database; later it changes nothing.
void count_no_memory() {
  [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

SqliteConnection& ours(Connection& writer) { return static_cast<SqliteConnection&>(writer); }

}  // namespace

SqliteDriver::SqliteDriver(std::filesystem::path path, SqliteOptions options)
    : path_(std::move(path)), options_(std::move(options)) {}

SqliteDriver::~SqliteDriver() {
  if (lock_file_ >= 0) ::close(lock_file_);
}

Result<void> SqliteDriver::lock() {
  if (lock_file_ >= 0) return fail(Errc::kConflict, "the database has its writer already");
  auto lock_path = path_;
  lock_path += ".lock";
  TRY(descriptor, take_lock(lock_path));
  lock_file_ = descriptor;
  return {};
}

Result<void> SqliteDriver::prepare_files() {
  const auto folder = path_.parent_path();
  TRY_VOID(make_folders(folder));
  TRY_VOID(refuse_network_file_system(folder));
  TRY_VOID(lock());
  return make_private_file(path_);
}

Result<std::shared_ptr<sqlite3>> SqliteDriver::open_handle(int flags) {
  count_no_memory();
  sqlite3* opened = nullptr;
  const std::string name = options_.in_memory ? ":memory:" : path_.string();
  const char* vfs = options_.vfs.empty() ? nullptr : options_.vfs.c_str();
  const int code = sqlite3_open_v2(name.c_str(), &opened,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  std::shared_ptr<sqlite3> handle(opened, [](sqlite3* last) { sqlite3_close_v2(last); });
  if (code != SQLITE_OK) {
    return fail(Errc::kStorageFailed,
                "cannot open the database " + name + ": " +
                    (opened == nullptr ? "no memory" : sqlite3_errmsg(opened)));
  }
  sqlite3_busy_timeout(opened, options_.busy_timeout_ms);
  return handle;
}

Result<void> SqliteDriver::configure_writer(SqliteConnection& writer) {
  if (options_.in_memory) return writer.execute_script(kWriterSettings);
  TRY_VOID(expect_setting(writer, "PRAGMA journal_mode = WAL", "wal"));
  TRY_VOID(writer.execute_script(kWriterSettings));
  TRY_VOID(expect_setting(writer, "PRAGMA journal_mode", "wal"));
  TRY_VOID(expect_setting(writer, "PRAGMA synchronous", "2"));
  TRY_VOID(expect_setting(writer, "PRAGMA wal_autocheckpoint", "0"));
  sqlite3_wal_hook(writer.handle(), &note_wal_pages, &wal_pages_);
  return make_names_durable(path_.parent_path());
}

Result<std::unique_ptr<Connection>> SqliteDriver::open_writer() {
  if (!options_.in_memory) TRY_VOID(prepare_files());
  TRY(handle, open_handle(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  auto writer = std::make_unique<SqliteConnection>(handle, Access::kWrite);
  TRY_VOID(configure_writer(*writer));
  if (options_.in_memory) shared_handle_ = handle;
  return writer;
}

Result<std::unique_ptr<Connection>> SqliteDriver::open_reader() {
  if (options_.in_memory) {
    if (!shared_handle_) return fail(Errc::kInternal, "the writer is opened before the readers");
    return std::make_unique<SqliteConnection>(shared_handle_, Access::kRead);
  }
  TRY(handle, open_handle(SQLITE_OPEN_READONLY));
  sqlite3_db_config(handle.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  auto reader = std::make_unique<SqliteConnection>(handle, Access::kRead);
  TRY_VOID(reader->execute_script(kReaderSettings));
  TRY_VOID(expect_setting(*reader, "PRAGMA journal_mode", "wal"));
  TRY_VOID(expect_setting(*reader, "PRAGMA query_only", "1"));
  return reader;
}

Result<void> SqliteDriver::begin(Connection& writer) {
  TRY_VOID(writer.execute("BEGIN IMMEDIATE"));
  ours(writer).set_in_transaction(true);
  return {};
}

Result<void> SqliteDriver::commit(Connection& writer) {
  TRY_VOID(writer.execute("COMMIT"));
  ours(writer).set_in_transaction(false);
  return {};
}

void SqliteDriver::rollback(Connection& writer) {
  ours(writer).set_in_transaction(false);
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(ours(writer).handle()) != 0) return;
  if (const auto done = writer.execute("ROLLBACK"); !done) {
    log_error("rollback failed", {{"error", done.error().message}});
  }
}

Result<void> SqliteDriver::checkpoint(SqliteConnection& writer, int mode) {
  const int code = sqlite3_wal_checkpoint_v2(writer.handle(), nullptr, mode, nullptr, nullptr);
  tried_pages_ = wal_pages_;
  // Busy: a reader still needs old pages, so that not everything could be copied. The next one
  // will.
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return {};
  return std::unexpected(writer.error_of(code));
}

Result<void> SqliteDriver::maintain(Connection& writer) {
  if (options_.in_memory) return {};
  if (wal_pages_ < tried_pages_) tried_pages_ = warned_pages_ = 0;  // the WAL began anew
  if (wal_pages_ - tried_pages_ < options_.checkpoint_pages) return {};
  if (wal_pages_ < options_.truncate_pages)
    return checkpoint(ours(writer), SQLITE_CHECKPOINT_PASSIVE);

  if (wal_pages_ >= 2 * warned_pages_) {
    log_warning("the write-ahead log is long: some reader takes long", {{"pages", wal_pages_}});
    warned_pages_ = wal_pages_;
  }
  sqlite3_busy_timeout(ours(writer).handle(), options_.truncate_wait_ms);
  const Result<void> done = checkpoint(ours(writer), SQLITE_CHECKPOINT_TRUNCATE);
  sqlite3_busy_timeout(ours(writer).handle(), options_.busy_timeout_ms);
  return done;
}

// What is deleted is overwritten in the pages that held it; older copies of those pages are in the
// write-ahead log until all of it is in the database file and it is cut off.
Result<void> SqliteDriver::scrub(Connection& writer) {
  if (options_.in_memory) return {};
  const int code = sqlite3_wal_checkpoint_v2(ours(writer).handle(), nullptr,
                                             SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  if ((code & 0xff) == SQLITE_BUSY) {
    return fail(Errc::kBusy, "a reader still needs old pages of the database");
  }
  return std::unexpected(ours(writer).error_of(code));
}

std::string SqliteDriver::translate_schema(std::string_view sql) const {
  std::string translated(sql);
  replace_all(translated, "{blob}", "BLOB");
  replace_all(translated, "{clustered}", " WITHOUT ROWID");
  return translated;
}

}  // namespace verihook::store::sqlite
