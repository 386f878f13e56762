#include "base/file.h"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace verihook {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

TEST(FileDescriptor, ClosesWhatItHoldsUnlessReleased) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    const FileDescriptor closed(ends[0]);
  }
  EXPECT_FALSE(is_open(ends[0]));
  int kept = -1;
  {
    FileDescriptor released(ends[1]);
    kept = released.release();
    EXPECT_FALSE(released.is_open());
  }
  EXPECT_TRUE(is_open(kept));
  ::close(kept);
}

TEST(WriteFully, WritesAllThatAPipeTakesAndSaysWhenItCannot) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  EXPECT_TRUE(write_fully(writer.get(), std::string_view("abc")));
  std::array<char, 8> read{};
  EXPECT_EQ(::read(reader.get(), read.data(), read.size()), 3);
  EXPECT_STREQ(read.data(), "abc");
  EXPECT_FALSE(write_fully(reader.get(), std::string_view("abc")));
  EXPECT_EQ(errno, EBADF);
}

TEST(SyncFolder, TakesTheCurrentFolderAndRefusesWhatIsNone) {
  EXPECT_TRUE(sync_folder(""));
  EXPECT_FALSE(sync_folder("/nowhere/at/all"));
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace verihook
