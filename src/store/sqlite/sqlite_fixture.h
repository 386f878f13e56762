// What the tests of the SQLite driver share: a folder of their own, a database in it that is driven
// from this thread, and a child process that can be killed.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "async/task_group.h"
#include "store/database.h"
#include "store/sqlite/sqlite_driver.h"

namespace verihook::store::sqlite {

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest();
  ~SqliteTest() override;

  std::filesystem::path file() const { return folder_ / "data" / "test.db"; }
  // Opens a database on `file()`; the result of Database::open.
  Result<void> open(SqliteOptions options = {});
  void close();

  using Write = std::function<Result<void>(Connection&)>;
  // All at once; their answers when the last has come.
  std::vector<Result<void>> write_all(const std::vector<Write>& writes);
  Result<void> write(Write one) { return write_all({std::move(one)}).front(); }
  // Adds an event of this id, with a body of half a kilobyte.
  static Write add(const std::string& id);
  // Of all events.
  std::set<std::string> ids();
  // What PRAGMA integrity_check says of the file; the database is closed.
  std::string integrity();

  std::filesystem::path folder_;
  asio::io_context io_{1};
  std::atomic<int> failures_ = 0;  // calls of on_failed
  std::unique_ptr<Database> database_;
  TaskGroup group_{io_.get_executor(), "test"};
};

// This program once more as `argument file()`; its standard output is `output`.
struct Child {
  pid_t process = -1;
  int output = -1;
};
Child start_child(const std::string& argument, const std::filesystem::path& file);
// Everything up to the end of the output; waits for the child.
std::string finish_child(Child child);

}  // namespace verihook::store::sqlite
