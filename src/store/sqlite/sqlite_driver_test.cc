#include "store/sqlite/sqlite_driver.h"

#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>

#include "store/sqlite/faulty_vfs.h"
#include "store/sqlite/sqlite_fixture.h"

namespace verihook::store::sqlite {
namespace {

class SqliteDriverTest : public SqliteTest {
 protected:
  static mode_t mode_of(const std::filesystem::path& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }
  std::filesystem::path beside(const std::string& suffix) const { return file().string() + suffix; }
  std::uintmax_t wal_bytes() const { return std::filesystem::file_size(beside("-wal")); }
  // Adds events until one is refused; the ids that were acknowledged.
  std::set<std::string> add_until_refused(Error* refusal) {
    std::set<std::string> acknowledged;
    for (int i = 0; i < 100000; ++i) {
      const std::string id = "evt_" + std::to_string(i);
      const auto done = write(add(id));
      if (!done) {
        *refusal = done.error();
        break;
      }
      acknowledged.insert(id);
    }
    return acknowledged;
  }
};

TEST_F(SqliteDriverTest, FolderAndFilesAreTheOwnersAlone) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(write(add("evt_1")));
  EXPECT_EQ(mode_of(file().parent_path()), 0700u);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(mode_of(beside(suffix)), 0600u) << suffix;
  }
}

TEST_F(SqliteDriverTest, AnExistingFileLosesTheRightsOfOthers) {
  ASSERT_TRUE(open());
  close();
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  ASSERT_TRUE(open());
  EXPECT_EQ(mode_of(file()), 0600u);
}

TEST_F(SqliteDriverTest, WhatIsNotADatabaseIsRefused) {
  std::filesystem::create_directories(file().parent_path());
  std::ofstream(file()) << std::string(5000, 'x');
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kStorageFailed);
}

TEST_F(SqliteDriverTest, AFolderInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directories(file());
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kInvalidArgument);
}

TEST_F(SqliteDriverTest, WithoutWalTheDatabaseIsRefusedWithASentence) {
  FaultyVfs vfs("no-shared-memory");
  vfs.shared_memory = false;
  const auto opened = open({.vfs = vfs.name()});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kStorageFailed);
  EXPECT_NE(opened.error().message.find("wal is needed"), std::string::npos)
      << opened.error().message;
}

TEST_F(SqliteDriverTest, ASecondDriverOfTheSameFileIsRefused) {
  ASSERT_TRUE(open());
  SqliteDriver second(file());
  const auto writer = second.open_writer();
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Errc::kConflict);
}

TEST_F(SqliteDriverTest, AUniqueKeyThatExistsIsAConflict) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(write(add("evt_1")));
  EXPECT_EQ(write(add("evt_1")).error().code, Errc::kConflict);
  EXPECT_EQ(failures_, 0);
}

TEST_F(SqliteDriverTest, EveryCommitIsSynced) {
  FaultyVfs vfs("counting");
  ASSERT_TRUE(open({.vfs = vfs.name()}));
  ASSERT_TRUE(write(add("evt_0")));
  const int before = vfs.syncs;
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(write(add("evt_" + std::to_string(i))));
  EXPECT_EQ(vfs.syncs - before, 10);
  close();
}

TEST_F(SqliteDriverTest, TheWriteAheadLogStaysShort) {
  ASSERT_TRUE(open({.vfs = {}, .checkpoint_pages = 50}));
  // It begins behind the one transaction that makes all tables.
  const auto of_schema = wal_bytes();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(write(add("evt_" + std::to_string(i))));
  EXPECT_LT(wal_bytes(), of_schema + 100u * 4096u);
  EXPECT_EQ(ids().size(), 300u);
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(SqliteDriverTest, ASlowReaderLetsTheLogGrowAndTheWriterLive) {
  SqliteDriver driver(file(), {.vfs = {},
                               .busy_timeout_ms = 100,
                               .checkpoint_pages = 10,
                               .truncate_pages = 40,
                               .truncate_wait_ms = 1});
  auto writer = *driver.open_writer();
  ASSERT_TRUE(writer->execute_script("CREATE TABLE t (x BIGINT, y BLOB)"));
  auto reader = *driver.open_reader();
  const auto add_rows = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(driver.begin(*writer));
      ASSERT_TRUE(
          writer->execute("INSERT INTO t VALUES ($1, $2)", {i, BlobView{std::string(3000, 'x')}}));
      ASSERT_TRUE(driver.commit(*writer));
      ASSERT_TRUE(driver.maintain(*writer));
    }
  };
  ASSERT_TRUE(reader->execute("BEGIN"));
  ASSERT_TRUE(reader->query("SELECT COUNT(*) FROM t", {}, [](const Row&) { return true; }));
  add_rows(100);
  const auto grown = wal_bytes();
  EXPECT_GT(grown, 100u * 3000u);
  ASSERT_TRUE(reader->execute("COMMIT"));
  add_rows(40);
  EXPECT_LT(wal_bytes(), grown / 2);
}

TEST_F(SqliteDriverTest, WhatWasDeletedLeavesTheFilesWhenTheyAreScrubbed) {
  const std::string secret = "ann.was.here@example.com";
  const auto traces = [&] {
    std::size_t count = 0;
    for (const char* end : {"", "-wal"}) {
      auto path = file();
      path += end;
      std::ifstream stream(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
      count += bytes.find(secret) != std::string::npos;
    }
    return count;
  };
  SqliteDriver driver(file(), {.vfs = {}, .busy_timeout_ms = 50});
  auto writer = *driver.open_writer();
  ASSERT_TRUE(writer->execute_script("CREATE TABLE t (x BIGINT, y TEXT)"));
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(writer->execute("INSERT INTO t VALUES ($1, $2)", {i, secret + std::to_string(i)}));
  }
  ASSERT_TRUE(driver.scrub(*writer));
  EXPECT_EQ(traces(), 1u);
  ASSERT_TRUE(writer->execute("UPDATE t SET y = 'gone' WHERE x < 25"));
  ASSERT_TRUE(writer->execute("DELETE FROM t WHERE x >= 25"));
  auto reader = *driver.open_reader();
  ASSERT_TRUE(reader->execute("BEGIN"));
  ASSERT_TRUE(reader->query("SELECT COUNT(*) FROM t", {}, [](const Row&) { return true; }));
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (99, 'later')"));
  EXPECT_EQ(driver.scrub(*writer).error().code, Errc::kBusy);
  ASSERT_TRUE(reader->execute("COMMIT"));
  ASSERT_TRUE(driver.scrub(*writer));
  EXPECT_EQ(traces(), 0u);
}

TEST_F(SqliteDriverTest, AFailedSyncFailsItsBatchAndAllLaterOnesAndIsNeverRetried) {
  FaultyVfs vfs("failing-sync");
  ASSERT_TRUE(open({.vfs = vfs.name()}));
  std::vector<Write> first;
  for (int i = 0; i < 50; ++i) first.push_back(add("evt_" + std::to_string(i)));
  for (const auto& answer : write_all(first)) ASSERT_TRUE(answer);

  vfs.syncs_to_fail = 1;
  const auto failed = write(add("evt_lost"));
  EXPECT_EQ(failed.error().code, Errc::kStorageFailed);
  EXPECT_EQ(failures_, 1);
  EXPECT_TRUE(database_->failed());
  const int syncs = vfs.syncs;
  for (const auto& answer : write_all({add("evt_x"), add("evt_y"), add("evt_z")})) {
    EXPECT_EQ(answer.error().code, Errc::kStorageFailed);
  }
  EXPECT_EQ(failures_, 1);
  EXPECT_GE(ids().size(), 50u);  // reads go on
  close();
  EXPECT_EQ(vfs.syncs, syncs) << "closing must not sync again";

  ASSERT_TRUE(open());
  const auto stored = ids();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(stored.contains("evt_" + std::to_string(i))) << i;
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(SqliteDriverTest, AFailedWriteFailsTheStoreForGood) {
  FaultyVfs vfs("failing-write");
  ASSERT_TRUE(open({.vfs = vfs.name()}));
  ASSERT_TRUE(write(add("evt_0")));
  vfs.writes_fail = true;
  EXPECT_EQ(write(add("evt_1")).error().code, Errc::kStorageFailed);
  vfs.writes_fail = false;
  EXPECT_EQ(write(add("evt_2")).error().code, Errc::kStorageFailed);
  EXPECT_EQ(failures_, 1);
  close();
  ASSERT_TRUE(open());
  EXPECT_EQ(ids(), std::set<std::string>{"evt_0"});
}

TEST_F(SqliteDriverTest, AFailedCheckpointFailsTheStoreButNothingAcknowledgedIsLost) {
  FaultyVfs vfs("failing-checkpoint");
  ASSERT_TRUE(open({.vfs = vfs.name(), .checkpoint_pages = 30}));
  std::set<std::string> acknowledged;
  for (int i = 0; !database_->failed() && i < 1000; ++i) {
    const std::string id = "evt_" + std::to_string(i);
    if (i == 5) vfs.checkpoints_fail = true;
    if (write(add(id))) acknowledged.insert(id);
  }
  close();
  EXPECT_EQ(failures_, 1);
  ASSERT_TRUE(open());
  EXPECT_EQ(ids(), acknowledged);
}

TEST_F(SqliteDriverTest, AFullDiskRefusesTheWholeBatchAndHealsWhenThereIsSpace) {
  FaultyVfs vfs("full-disk");
  ASSERT_TRUE(open({.vfs = vfs.name()}));
  ASSERT_TRUE(write(add("evt_0")));
  vfs.disk_full = true;
  for (const auto& answer : write_all({add("evt_1"), add("evt_2"), add("evt_3")})) {
    EXPECT_EQ(answer.error().code, Errc::kStorageFull);
  }
  EXPECT_EQ(ids(), std::set<std::string>{"evt_0"});
  vfs.disk_full = false;
  ASSERT_TRUE(write(add("evt_4")));
  EXPECT_EQ(ids(), (std::set<std::string>{"evt_0", "evt_4"}));
  EXPECT_EQ(failures_, 0);
  EXPECT_EQ(integrity(), "ok");
}

// A real file system of two megabytes where this process may mount one, else the faulty layer.
TEST_F(SqliteDriverTest, ASmallDiskFillsUpAndRecoversWithoutARestart) {
  FaultyVfs vfs("small-disk");
  std::filesystem::create_directories(file().parent_path());
  const auto disk = file().parent_path();
  const bool mounted = ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") == 0;
  const auto ballast = disk / "ballast";
  std::ofstream(ballast) << std::string(512 * 1024, 'b');
  ASSERT_TRUE(open({.vfs = vfs.name()}));
  if (!mounted) {
    ASSERT_TRUE(write(add("evt_first")));
    vfs.disk_full = true;
  }
  Error refusal;
  const auto acknowledged = add_until_refused(&refusal);
  EXPECT_EQ(refusal.code, Errc::kStorageFull) << refusal.message;
  EXPECT_GE(ids().size(), acknowledged.size());

  std::filesystem::remove(ballast);
  vfs.disk_full = false;
  EXPECT_TRUE(write(add("evt_later")));
  const auto stored = ids();
  for (const std::string& id : acknowledged) EXPECT_TRUE(stored.contains(id)) << id;
  EXPECT_TRUE(stored.contains("evt_later"));
  EXPECT_EQ(failures_, 0);
  EXPECT_EQ(integrity(), "ok");
  if (mounted) EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace verihook::store::sqlite
