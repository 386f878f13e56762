// Connection: the port behind which a database stands. Repositories (jobs.h, events.h, …) speak SQL
// that SQLite and PostgreSQL both run ($1 parameters, ON CONFLICT, RETURNING) through this
// interface; store/sqlite implements it, store/postgres will. A Connection is used by one thread at
// a time and is only ever seen inside Database::read and Database::write.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"

namespace verihook::store {

// Bytes that are not text.
struct BlobView {
  std::string_view bytes;
};

// One parameter of a statement; refers to what the caller keeps alive during the call.
class Param {
 public:
  Param(std::nullptr_t) {}                      // NULL
  Param(std::int64_t value) : value_(value) {}  // also for counts and booleans (0, 1)
  Param(int value) : value_(static_cast<std::int64_t>(value)) {}
  Param(bool value) : value_(static_cast<std::int64_t>(value)) {}
  Param(double value) : value_(value) {}
  Param(std::string_view value) : value_(value) {}
  Param(const std::string& value) : value_(std::string_view(value)) {}
  Param(const char* value) : value_(std::string_view(value)) {}
  Param(BlobView value) : value_(value) {}
  Param(WallTime value) : value_(to_unix_ms(value)) {}  // times are stored as milliseconds
  template <class T>
  Param(const std::optional<T>& value) {
    if (value) *this = Param(*value);
  }

  using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, BlobView>;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

// The current row of a query; columns count from 0. Views are good until the row callback returns.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;  // 0 for NULL
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;  // empty for NULL; blobs too

  bool boolean(int column) const { return integer(column) != 0; }
  std::string string(int column) const { return std::string(text(column)); }
  WallTime time(int column) const { return from_unix_ms(integer(column)); }
  std::optional<WallTime> optional_time(int column) const {
    if (is_null(column)) return std::nullopt;
    return time(column);
  }
  std::optional<double> optional_real(int column) const {
    if (is_null(column)) return std::nullopt;
    return real(column);
  }
  std::optional<std::int64_t> optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
  }
};

struct TransactionMemo;  // transaction_memo.h

class Connection {
 public:
  virtual ~Connection() = default;

  // Of the group commit that the caller is part of; null outside of one.
  virtual TransactionMemo* memo() { return nullptr; }

  // Errors: kStorageFull (no space), kStorageFailed (I/O error: nothing may be acknowledged any
  // more), kConflict (a unique key exists already), kBusy, kInternal (the statement is wrong).

  // Runs one statement that returns no rows; the number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) = 0;
  // Calls `on_row` for each row until it returns false.
  virtual Result<void> query(std::string_view sql, std::span<const Param> params,
                             const std::function<bool(const Row&)>& on_row) = 0;
  // Several statements without parameters, for migrations.
  virtual Result<void> execute_script(std::string_view sql) = 0;

  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Param> params = {}) {
    return execute(sql, std::span<const Param>(params.begin(), params.size()));
  }
  Result<void> query(std::string_view sql, std::initializer_list<Param> params,
                     const std::function<bool(const Row&)>& on_row) {
    return query(sql, std::span<const Param>(params.begin(), params.size()), on_row);
  }
};

// What a driver provides: one connection that writes and checkpoints, and readers apart from it.
class Driver {
 public:
  virtual ~Driver() = default;
  // Opens, checks that durability is as promised, and hands out the only writing connection.
  virtual Result<std::unique_ptr<Connection>> open_writer() = 0;
  virtual Result<std::unique_ptr<Connection>> open_reader() = 0;
  // The SQL of begin, commit, … and the column types that differ ("{blob}") are the driver's.
  virtual Result<void> begin(Connection& writer) = 0;
  virtual Result<void> commit(Connection& writer) = 0;  // returns after fdatasync
  virtual void rollback(Connection& writer) = 0;
  // Called on the writer's thread when it is idle, and after every so many commits.
  virtual Result<void> maintain(Connection& writer) = 0;
  // Nothing of what was deleted and committed is left in the files when this returns. Outside of a
  // transaction. kBusy: a reader still needs some of it; try again.
  virtual Result<void> scrub(Connection& writer) = 0;
  // Replaces the words in braces of a migration by this database's ("{blob}" → BLOB or BYTEA).
  virtual std::string translate_schema(std::string_view sql) const = 0;
  // True when readers share the writer's handle (in-memory databases): reads then run on the
  // writer's thread, between its transactions.
  virtual bool reads_through_writer() const { return false; }
};

}  // namespace verihook::store
