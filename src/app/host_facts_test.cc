#include "app/host_facts.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "crypto/secret_box.h"
#include "crypto/system_random.h"
#include "tests/support/temp_folder.h"

namespace verihook::app {
namespace {

class HostFactsTest : public ::testing::Test {
 protected:
  std::string file(std::string_view name) const { return folder_.path() + "/" + std::string(name); }
  verification::HostFacts look(const std::string& store, const std::string& key = "none.key") {
    return gather_host_facts({file(store), file(key), 100}, clock_, random_);
  }

  testing::TempFolder folder_;
  SystemClock clock_;
  crypto::SystemRandom random_;
};

TEST_F(HostFactsTest, SeesRoomAndSpeedAndLeavesNothingBehind) {
  const auto facts = look("verihook.db");
  EXPECT_FALSE(facts.store_failure);
  EXPECT_EQ(facts.store_folder, folder_.path());
  EXPECT_GT(facts.free_bytes, 0u);
  EXPECT_GT(facts.descriptors_max, 0u);
  EXPECT_EQ(facts.descriptors_wanted, 100u);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(HostFactsTest, LooksWhereTheFolderWillBeMade) {
  const auto facts = look("not/yet/there/verihook.db");
  EXPECT_FALSE(facts.store_failure);
  EXPECT_EQ(facts.store_folder, folder_.path());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(HostFactsTest, SeesAFileThatIsNoDatabase) {
  std::ofstream(file("verihook.db")) << "this is a letter to my aunt";
  const auto facts = look("verihook.db");
  ASSERT_TRUE(facts.store_failure);
  EXPECT_NE(facts.store_failure->message.find("not a SQLite database"), std::string::npos);
}

TEST_F(HostFactsTest, SeesAFolderThatCannotBeWrittenTo) {
  // /proc takes no files, from root either.
  const auto facts = gather_host_facts({"/proc/verihook.db", file("none.key"), 0}, clock_, random_);
  ASSERT_TRUE(facts.store_failure);
  EXPECT_EQ(facts.store_failure->code, Errc::kForbidden);
}

TEST_F(HostFactsTest, SeesAStoreThatIsElsewhere) {
  const auto facts = gather_host_facts({"", file("none.key"), 0}, clock_, random_);
  EXPECT_EQ(facts.store_folder, "");
  EXPECT_FALSE(facts.store_failure);
}

TEST_F(HostFactsTest, TellsAMissingMasterKeyFromAnOpenOne) {
  EXPECT_EQ(look("verihook.db").master_key_failure->code, Errc::kNotFound);
  ASSERT_TRUE(crypto::SecretBox::create(file("master.key"), random_));
  EXPECT_FALSE(look("verihook.db", "master.key").master_key_failure);
  std::filesystem::permissions(file("master.key"), std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(look("verihook.db", "master.key").master_key_failure->code, Errc::kForbidden);
}

}  // namespace
}  // namespace verihook::app
