#include "store/sqlite/sqlite_fixture.h"

#include <array>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include "store/events.h"

namespace verihook::store::sqlite {
namespace {

using WriteFunction = std::function<Result<void>(Connection&)>;

Task<void> write_one(Database& database, WriteFunction function, Result<void>* answer) {
  *answer = co_await database.write(std::move(function));
}

Task<void> read_ids(Database& database, std::set<std::string>* ids) {
  const auto found = co_await database.read([](Connection& db) -> Result<std::set<std::string>> {
    std::set<std::string> all;
    TRY_VOID(db.query("SELECT id FROM events", {}, [&](const Row& row) {
      all.insert(row.string(0));
      return true;
    }));
    return all;
  });
  EXPECT_TRUE(found) << found.error().message;
  if (found) *ids = *found;
}

}  // namespace

SqliteTest::SqliteTest()
    : folder_(std::filesystem::temp_directory_path() /
              ("verihook-sqlite-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

SqliteTest::~SqliteTest() {
  close();
  std::filesystem::remove_all(folder_);
}

Result<void> SqliteTest::open(SqliteOptions options) {
  close();
  database_ = std::make_unique<Database>(std::make_unique<SqliteDriver>(file(), options),
                                         DatabaseOptions{.inline_executor = {}},
                                         [this](const Error&) { ++failures_; });
  Result<void> opened = database_->open();
  if (!opened) database_.reset();
  return opened;
}

void SqliteTest::close() { database_.reset(); }

std::vector<Result<void>> SqliteTest::write_all(const std::vector<Write>& writes) {
  std::vector<Result<void>> answers(writes.size(), fail(Errc::kInternal, "never answered"));
  for (std::size_t i = 0; i < writes.size(); ++i) {
    group_.spawn("write", write_one(*database_, writes[i], &answers[i]));
  }
  io_.restart();
  io_.run();
  return answers;
}

SqliteTest::Write SqliteTest::add(const std::string& id) {
  return [id](Connection& db) -> Result<void> {
    model::Event event;
    event.tenant_id = "a";
    event.id = id;
    event.type = "webhook.test";
    event.body = std::string(512, 'x');
    return insert_event(db, event);
  };
}

std::set<std::string> SqliteTest::ids() {
  std::set<std::string> found;
  group_.spawn("read", read_ids(*database_, &found));
  io_.restart();
  io_.run();
  return found;
}

std::string SqliteTest::integrity() {
  close();
  SqliteDriver driver(file());
  std::string said;
  auto writer = driver.open_writer();
  EXPECT_TRUE(writer) << writer.error().message;
  const auto checked = (*writer)->query("PRAGMA integrity_check", {}, [&](const Row& row) {
    said += row.string(0);
    return true;
  });
  EXPECT_TRUE(checked) << checked.error().message;
  return said;
}

Child start_child(const std::string& argument, const std::filesystem::path& file) {
  std::array<int, 2> pipe_ends = {};
  EXPECT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions = {};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe";
  std::string first = argument;
  std::string second = file.string();
  std::array<char*, 4> arguments = {program.data(), first.data(), second.data(), nullptr};
  Child child;
  EXPECT_EQ(
      ::posix_spawn(&child.process, program.c_str(), &actions, nullptr, arguments.data(), environ),
      0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  child.output = pipe_ends[0];
  return child;
}

std::string finish_child(Child child) {
  std::string output;
  std::array<char, 4096> buffer = {};
  for (;;) {
    const ssize_t count = ::read(child.output, buffer.data(), buffer.size());
    if (count <= 0) break;
    output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(child.output);
  int status = 0;
  ::waitpid(child.process, &status, 0);
  return output;
}

}  // namespace verihook::store::sqlite
