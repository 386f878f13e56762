#include "address/current_lists.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace verihook::address {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr std::string_view kBuiltIn = "verihook-lists 1\nlist disposable built@1 1\nbuilt.com\n";
constexpr std::string_view kNewer = "verihook-lists 1\nlist disposable file@2.0.0 1\nfile.com\n";

class CurrentListsTest : public ::testing::Test {
 protected:
  CurrentListsTest() { fs::create_directories(folder_); }
  ~CurrentListsTest() override { fs::remove_all(folder_); }

  // In place of the old file, as an editor or an installer does it: another file by the same name.
  void put(const std::string& path, std::string_view text) const {
    const std::string fresh = path + ".fresh";
    std::ofstream(fresh, std::ios::binary) << text;
    fs::rename(fresh, path);
  }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
  }
  std::unique_ptr<CurrentLists> current(const ListFiles& files) const {
    auto made = CurrentLists::load(files, kBuiltIn);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(made).value();
  }
  // Twice, since a change counts once it has settled.
  static bool has_news(CurrentLists& lists) {
    const bool at_once = lists.look();
    const bool settled = lists.look();
    return at_once || settled;
  }

  const fs::path folder_ =
      fs::temp_directory_path() / fmt::format("verihook-lists-test-{}", ::getpid());
  const std::string compiled_ = folder_ / "lists.txt";
  const std::string local_ = folder_ / "local.txt";
};

TEST_F(CurrentListsTest, AreTheOnesBuiltInWithoutAFile) {
  const auto lists = current({});
  EXPECT_TRUE(lists->get()->disposable("built.com"));
  EXPECT_FALSE(has_news(*lists));
}

TEST_F(CurrentListsTest, AreTheOnesOfTheFilesWhereThereAreSome) {
  put(compiled_, kNewer);
  put(local_, "suppress example.org\nallow disposable file.com\n");
  const auto lists = current({compiled_, local_});
  EXPECT_FALSE(lists->get()->disposable("built.com"));
  EXPECT_FALSE(lists->get()->disposable("file.com"));
  const auto hit = lists->get()->look_up("example.org").suppressed.value();
  EXPECT_THAT(std::string(hit.source),
              MatchesRegex("local@[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+Z"));
  EXPECT_FALSE(has_news(*lists));
}

TEST_F(CurrentListsTest, AreReadAgainOnceAChangedFileHasSettled) {
  put(local_, "");
  const auto lists = current({"", local_});
  const auto before = lists->get();
  put(local_, "deny disposable ours.com\n");
  EXPECT_FALSE(lists->look());
  put(local_, "deny disposable ours.com\nsuppress a@b.example\n");
  EXPECT_FALSE(lists->look()) << "it is still being written";
  EXPECT_TRUE(lists->look());
  EXPECT_TRUE(lists->take(lists->read()));
  EXPECT_TRUE(lists->get()->disposable("ours.com"));
  EXPECT_FALSE(before->disposable("ours.com")) << "a reader keeps the snapshot it has";
  EXPECT_FALSE(has_news(*lists));
}

TEST_F(CurrentListsTest, StayWhenTheNewFileCannotBeUsed) {
  put(compiled_, kNewer);
  put(local_, "deny disposable ours.com\n");
  const auto lists = current({compiled_, local_});
  for (const auto* broken : {"block everything\n", "deny nice x.com\n"}) {
    put(local_, broken);
    EXPECT_TRUE(has_news(*lists));
    EXPECT_FALSE(lists->take(lists->read()));
    EXPECT_TRUE(lists->get()->disposable("ours.com"));
    EXPECT_FALSE(has_news(*lists)) << "one complaint is enough";
  }
  put(local_, "deny disposable others.com\n");
  put(compiled_, "not a list");
  EXPECT_TRUE(has_news(*lists));
  const auto read = lists->read();
  EXPECT_THAT(read.error().message, StartsWith(compiled_ + ": lists, line 1: "));
  EXPECT_FALSE(lists->take(read));
  fs::remove(compiled_);
  EXPECT_TRUE(has_news(*lists));
  EXPECT_FALSE(lists->take(lists->read()));
  EXPECT_TRUE(lists->get()->disposable("file.com"));
  put(compiled_, kNewer);
  EXPECT_TRUE(has_news(*lists));
  EXPECT_TRUE(lists->take(lists->read()));
  EXPECT_TRUE(lists->get()->disposable("others.com"));
}

TEST_F(CurrentListsTest, DoNotComeAboutWithoutTheirFiles) {
  const auto missing = CurrentLists::load({compiled_, ""}, kBuiltIn);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr(compiled_ + ": cannot be read"));
  put(local_, "\nallow\n");
  const auto wrong = CurrentLists::load({"", local_}, kBuiltIn);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, StartsWith(local_ + ":2: expected"));
  EXPECT_THAT(load_lists({"", ""}, "broken").error().message, StartsWith("the built-in lists: "));
}

TEST_F(CurrentListsTest, InstallPutsACheckedFileInPlaceOfTheOldOne) {
  const std::string path = folder_ / "made" / "on" / "the" / "way" / "lists.txt";
  ASSERT_TRUE(install_lists(path, std::string(kBuiltIn)));
  const auto installed = install_lists(path, std::string(kNewer));
  ASSERT_TRUE(installed) << installed.error().message;
  EXPECT_EQ((*installed)->versions().at(0).source, "file@2.0.0");
  EXPECT_EQ(text_of(path), kNewer);
  EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(path).parent_path()), {}), 1)
      << "nothing is left lying about";
}

TEST_F(CurrentListsTest, InstallLeavesTheOldFileWhereTheNewOneIsBad) {
  ASSERT_TRUE(install_lists(compiled_, std::string(kBuiltIn)));
  for (const auto* bad :
       {"", "not a list", "verihook-lists 1\n", "verihook-lists 1\nlist free a 2\nx\n"}) {
    EXPECT_EQ(install_lists(compiled_, bad).error().code, Errc::kInvalidArgument) << bad;
    EXPECT_EQ(text_of(compiled_), kBuiltIn);
  }
  // A folder stands where the file should go.
  fs::create_directories(folder_ / "taken" / "x");
  EXPECT_FALSE(install_lists(folder_ / "taken", std::string(kNewer)));
  EXPECT_FALSE(install_lists(compiled_ + "/lists.txt", std::string(kNewer)));
}

}  // namespace
}  // namespace verihook::address
