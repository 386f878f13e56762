#include <array>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include "base/random.h"
#include "store/events.h"
#include "store/schema.h"
#include "store/sqlite/sqlite_fixture.h"

namespace verihook::store::sqlite {
namespace {

constexpr int kWritersOfChild = 32;

void say(std::string line) {
  line.push_back('\n');
  // Lines are shorter than PIPE_BUF, so that they come whole or not at all.
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(1);
}

// Adds events for ever and says the id of each that was acknowledged.
Task<void> add_for_ever(Database& database, int writer) {
  for (int i = 0;; ++i) {
    const std::string id = "evt_" + std::to_string(::getpid()) + "_" + std::to_string(writer) +
                           "_" + std::to_string(i);
    const auto done = co_await database.write([&id](Connection& db) -> Result<void> {
      model::Event event;
      event.tenant_id = "a";
      event.id = id;
      event.body = std::string(700, 'b');
      TRY_VOID(insert_event(db, event));
      TRY(fresh, remember_dedup_key(db, "src_1", id, id, WallTime{}));
      if (!fresh) return fail(Errc::kConflict, "twice");
      return {};
    });
    if (!done) ::_exit(2);
    say(id);
  }
}

// The child's main: adds for ever, or says why the database cannot be opened.
int run_child(bool adds, const std::string& file) {
  asio::io_context io(1);
  // Small limits, so that kills also hit checkpoints.
  SqliteOptions options;
  options.checkpoint_pages = 64;
  options.truncate_pages = 256;
  Database database(std::make_unique<SqliteDriver>(file, options),
                    DatabaseOptions{.inline_executor = {}}, {});
  if (const auto opened = database.open(); !opened) {
    say(std::string(to_string(opened.error().code)) + " " + opened.error().message);
    return 1;
  }
  if (!adds) return 0;
  TaskGroup group(io.get_executor(), "child");
  for (int i = 0; i < kWritersOfChild; ++i) group.spawn("add", add_for_ever(database, i));
  io.run();
  return 0;
}

// The lines that are whole.
std::vector<std::string> lines_of(std::string_view output) {
  std::vector<std::string> lines;
  for (auto end = output.find('\n'); end != output.npos; end = output.find('\n')) {
    lines.emplace_back(output.substr(0, end));
    output.remove_prefix(end + 1);
  }
  return lines;
}

// Lets the child acknowledge so many bytes of ids, then kills it in the middle of its work.
std::string kill_after(Child child, std::size_t bytes) {
  std::string output;
  std::array<char, 512> buffer = {};
  while (output.size() < bytes) {
    const ssize_t count = ::read(child.output, buffer.data(), buffer.size());
    if (count <= 0) break;
    output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::kill(child.process, SIGKILL);
  return output + finish_child(child);
}

class DurabilityTest : public SqliteTest {};

TEST_F(DurabilityTest, EveryAcknowledgedIdSurvivesKillNineAtThirtyMoments) {
  SeededRandom random(20260101);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 30; ++round) {
    const std::size_t bytes = 1 + random.below(round % 3 == 0 ? 40 : 8000);
    const auto output = kill_after(start_child("--add-events", file()), bytes);
    for (std::string& id : lines_of(output)) acknowledged.insert(std::move(id));
    ASSERT_EQ(integrity(), "ok") << "after round " << round;
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    const auto stored = ids();
    for (const std::string& id : acknowledged) {
      ASSERT_TRUE(stored.contains(id)) << id << " was lost in round " << round;
    }
    close();
  }
  EXPECT_GT(acknowledged.size(), 1000u);
}

TEST_F(DurabilityTest, ASecondProcessIsRefusedWithASentence) {
  ASSERT_TRUE(open());
  const auto said = finish_child(start_child("--open", file()));
  EXPECT_TRUE(said.starts_with("conflict another process uses this database")) << said;
  ASSERT_TRUE(write(add("evt_1")));
  close();
  EXPECT_EQ(finish_child(start_child("--open", file())), "");
}

TEST_F(DurabilityTest, ADatabaseOfANewerProgramIsRefused) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(write([](Connection& db) -> Result<void> {
    TRY_VOID(db.execute("UPDATE schema_version SET version = 900"));
    return {};
  }));
  const auto again = open();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_NE(again.error().message.find("newer program"), std::string::npos);
}

}  // namespace

int run_child_or_tests(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  if (mode == "--add-events" || mode == "--open") return run_child(mode == "--add-events", argv[2]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

}  // namespace verihook::store::sqlite

int main(int argc, char** argv) { return verihook::store::sqlite::run_child_or_tests(argc, argv); }
