#include "store/sqlite/sqlite_connection.h"

#include <cerrno>
#include <utility>

#include "base/text.h"

namespace verihook::store::sqlite {
namespace {

constexpr std::size_t kCachedStatementsMax = 512;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    if (bytes == nullptr || size <= 0) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  }

 private:
  sqlite3_stmt* statement_;
};

// SQLite takes a null pointer for NULL, and an empty text is not NULL.
const char* never_null(std::string_view text) { return text.data() == nullptr ? "" : text.data(); }

int bind_value(sqlite3_stmt* statement, int index, const Param::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *integer);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return sqlite3_bind_text64(statement, index, never_null(*text), text->size(), nullptr,
                               SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<BlobView>(&value)) {
    return sqlite3_bind_blob64(statement, index, never_null(blob->bytes), blob->bytes.size(),
                               nullptr);
  }
  return sqlite3_bind_null(statement, index);
}

bool is_out_of_space(int code, int system_error) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  // A write that the quota stopped is like a full disk; an fsync that failed is a failure whatever
  // the reason.
  const bool synced = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
  return (code & 0xff) == SQLITE_IOERR && !synced &&
         (system_error == ENOSPC || system_error == EDQUOT);
}

Errc class_of(int code, int system_error, Access access) {
  if (is_out_of_space(code, system_error)) return Errc::kStorageFull;
  switch (code & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
      return Errc::kStorageFailed;
    case SQLITE_READONLY:
      return access == Access::kWrite ? Errc::kStorageFailed : Errc::kInternal;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Errc::kBusy;
    case SQLITE_TOOBIG:
      return Errc::kTooLarge;
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
                 ? Errc::kConflict
                 : Errc::kInternal;
    default:
      return Errc::kInternal;
  }
}

std::string sentence_of(Errc code) {
  switch (code) {
    case Errc::kStorageFull:
      return "the disk of the database is full; free some space";
    case Errc::kStorageFailed:
      return "the database cannot be read or written";
    case Errc::kBusy:
      return "the database is locked at the moment; try again";
    case Errc::kConflict:
      return "something with this key exists already";
    case Errc::kTooLarge:
      return "the value is too large for the database";
    default:
      return "the database refuses the statement";
  }
}

}  // namespace

// Leaves the statement ready for its next use, however this one ends.
class SqliteConnection::Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sqlite3_stmt* statement_;
};

SqliteConnection::SqliteConnection(std::shared_ptr<sqlite3> handle, Access access)
    : handle_(std::move(handle)), access_(access) {}

SqliteConnection::~SqliteConnection() { statements_.clear(); }

Error SqliteConnection::error_of(int code) {
  Errc kind = class_of(code, sqlite3_system_errno(handle()), access_);
  const bool rolled_back = in_transaction_ && sqlite3_get_autocommit(handle()) != 0;
  if (rolled_back && kind != Errc::kStorageFull) kind = Errc::kStorageFailed;
  if (kind == Errc::kStorageFailed && access_ == Access::kWrite) {
    sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return {kind, sentence_of(kind) + " (" + sqlite3_errmsg(handle()) + ", code " +
                    std::to_string(code) + ")"};
}

Result<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  Statement statement{.handle = std::unique_ptr<sqlite3_stmt, Finalizer>(made), .numbers = {}};
  if (code != SQLITE_OK) return std::unexpected(error_of(code));
  if (made == nullptr) return fail(Errc::kInternal, "an empty statement");
  // A file's reader is refused by SQLite itself; one that shares the writer's handle only here.
  const bool could_write = sqlite3_db_readonly(handle(), "main") == 0;
  if (access_ == Access::kRead && could_write && sqlite3_stmt_readonly(made) == 0) {
    return fail(Errc::kInternal, "a statement that writes was given to a connection that reads");
  }
  // To SQLite $1 is a name, and names count in the order of their appearance.
  for (int i = 1; i <= sqlite3_bind_parameter_count(made); ++i) {
    const char* name = sqlite3_bind_parameter_name(made, i);
    const auto number = parse_u64(name == nullptr ? "" : std::string_view(name).substr(1));
    if (!number || *number == 0) return fail(Errc::kInternal, "parameters are $1, $2, …");
    statement.numbers.push_back(static_cast<std::size_t>(*number));
  }
  return statement;
}

Result<SqliteConnection::Statement*> SqliteConnection::cached(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  TRY(statement, prepare(sql));
  // Never reached by the program's own fixed set of statements.
  if (statements_.size() >= kCachedStatementsMax) {
    std::erase_if(statements_, [](const auto& entry) {
      return sqlite3_stmt_busy(entry.second.handle.get()) == 0;
    });
  }
  return &statements_.emplace(std::string(sql), std::move(statement)).first->second;
}

Result<void> SqliteConnection::bind(const Statement& statement, std::span<const Param> params) {
  for (std::size_t i = 0; i < statement.numbers.size(); ++i) {
    if (statement.numbers[i] > params.size()) {
      return fail(Errc::kInternal, "a statement was given too few parameters");
    }
    const int code = bind_value(statement.handle.get(), static_cast<int>(i) + 1,
                                params[statement.numbers[i] - 1].value());
    if (code != SQLITE_OK) return std::unexpected(error_of(code));
  }
  return {};
}

Result<void> SqliteConnection::run(Statement& statement, std::span<const Param> params,
                                   const std::function<bool(const Row&)>& on_row) {
  sqlite3_stmt* const handle = statement.handle.get();
  const Use use(handle);
  TRY_VOID(bind(statement, params));
  const SqliteRow row(handle);
  bool wanted = static_cast<bool>(on_row);
  for (;;) {
    const int code = sqlite3_step(handle);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return std::unexpected(error_of(code));
    if (wanted) wanted = on_row(row);
    if (!wanted && sqlite3_stmt_readonly(handle) != 0) return {};
  }
}

Result<void> SqliteConnection::find_and_run(std::string_view sql, std::span<const Param> params,
                                            const std::function<bool(const Row&)>& on_row) {
  TRY(statement, cached(sql));
  if (sqlite3_stmt_busy(statement->handle.get()) == 0) return run(*statement, params, on_row);
  // The same query inside its own row callback.
  TRY(another, prepare(sql));
  return run(another, params, on_row);
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql,
                                               std::span<const Param> params) {
  TRY_VOID(find_and_run(sql, params, {}));
  return sqlite3_changes64(handle());
}

Result<void> SqliteConnection::query(std::string_view sql, std::span<const Param> params,
                                     const std::function<bool(const Row&)>& on_row) {
  return find_and_run(sql, params, on_row);
}

Result<void> SqliteConnection::execute_script(std::string_view sql) {
  const int code = sqlite3_exec(handle(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(code));
  return {};
}

}  // namespace verihook::store::sqlite
