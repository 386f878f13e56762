// SqliteConnection: one SQLite handle behind the Connection port, with its prepared statements.
// Used by one thread at a time. Failures are sorted into the classes that Connection names; a
// writer that met one of storage never checkpoints again, not even when it closes: what an fsync
// left behind once is not to be trusted a second time.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "store/connection.h"

namespace verihook::store::sqlite {

enum class Access {
  kRead,   // statements that write are refused
  kWrite,  // the only connection of this kind
};

class SqliteConnection final : public Connection {
 public:
  // In-memory databases share one handle between two connections.
  SqliteConnection(std::shared_ptr<sqlite3> handle, Access access);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  using Connection::execute;
  using Connection::query;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override;
  Result<void> query(std::string_view sql, std::span<const Param> params,
                     const std::function<bool(const Row&)>& on_row) override;
  Result<void> execute_script(std::string_view sql) override;

  sqlite3* handle() { return handle_.get(); }
  // Between begin and commit: an error that makes SQLite roll back by itself is then a failure of
  // the store, because what follows would commit statement by statement.
  void set_in_transaction(bool open) { in_transaction_ = open; }
  // The error of the last call on the handle.
  Error error_of(int code);

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalizer> handle;
    std::vector<std::size_t> numbers;  // SQLite's parameter i + 1 is $numbers[i]
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  class Use;

  Result<Statement> prepare(std::string_view sql);
  Result<Statement*> cached(std::string_view sql);
  Result<void> bind(const Statement& statement, std::span<const Param> params);
  Result<void> run(Statement& statement, std::span<const Param> params,
                   const std::function<bool(const Row&)>& on_row);
  Result<void> find_and_run(std::string_view sql, std::span<const Param> params,
                            const std::function<bool(const Row&)>& on_row);

  std::shared_ptr<sqlite3> handle_;
  const Access access_;
  bool in_transaction_ = false;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
};

}  // namespace verihook::store::sqlite
