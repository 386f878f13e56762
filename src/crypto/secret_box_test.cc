#include "crypto/secret_box.h"

#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/encoding.h"
#include "crypto/system_random.h"

namespace verihook::crypto {
namespace {

class SecretBoxFile : public testing::Test {
 protected:
  SecretBoxFile() {
    std::array<std::byte, 8> suffix;
    random_.fill(suffix);
    folder_ = std::filesystem::temp_directory_path() / ("secret_box_test." + hex_encode(suffix));
    std::filesystem::create_directory(folder_);
    file_ = folder_ / "master.key";
  }
  ~SecretBoxFile() override { std::filesystem::remove_all(folder_); }

  void write_file(std::string_view bytes, mode_t mode) {
    std::ofstream(file_, std::ios::binary) << bytes;
    ::chmod(file_.c_str(), mode);
  }

  std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  SystemRandom random_;
  std::filesystem::path folder_;
  std::filesystem::path file_;
};

TEST_F(SecretBoxFile, IsMadeOnceWithMode600AndReadAfterwards) {
  const auto made = SecretBox::load_or_create(file_, random_);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status = {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(status.st_size, 32);
  EXPECT_EQ(files_in_folder(), 1U);

  const std::string sealed = (*made)->seal("whsec_x", "ten_1|wh_1").value();
  const auto read = SecretBox::load_or_create(file_, random_);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->open(sealed, "ten_1|wh_1"), "whsec_x");
  EXPECT_EQ((*read)->key_id(), (*made)->key_id());
}

TEST_F(SecretBoxFile, MakesTheFolderAroundTheKey) {
  const auto made = SecretBox::load_or_create(folder_ / "data" / "keys" / "master.key", random_);
  EXPECT_TRUE(made);
}

TEST_F(SecretBoxFile, IsNeverOverwritten) {
  const std::string id = SecretBox::create(file_, random_).value()->key_id();
  const auto again = SecretBox::create(file_, random_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kConflict);
  EXPECT_EQ(SecretBox::load(file_, random_).value()->key_id(), id);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(SecretBoxFile, IsTheSameForAllWhoStartAtOnce) {
  std::vector<std::string> ids(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& id : ids) {
      threads.emplace_back(
          [&] { id = SecretBox::load_or_create(file_, random_).value()->key_id(); });
    }
  }
  for (const std::string& id : ids) EXPECT_EQ(id, ids.front());
}

TEST_F(SecretBoxFile, IsRefusedWhenOthersMayTouchIt) {
  for (const mode_t mode : {0640U, 0604U, 0660U, 0620U, 0602U}) {
    write_file(std::string(32, 'k'), mode);
    const auto box = SecretBox::load_or_create(file_, random_);
    ASSERT_FALSE(box);
    EXPECT_EQ(box.error().code, Errc::kForbidden);
    EXPECT_NE(box.error().message.find("chmod 600"), std::string::npos);
  }
}

TEST_F(SecretBoxFile, IsRefusedWithAnyOtherLengthAndLeftAlone) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    write_file(std::string(size, 'k'), 0600);
    const auto box = SecretBox::load_or_create(file_, random_);
    ASSERT_FALSE(box);
    EXPECT_EQ(box.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(std::filesystem::file_size(file_), size);
  }
}

TEST_F(SecretBoxFile, IsRefusedWhenItIsAFolder) {
  std::filesystem::create_directory(file_);
  const auto box = SecretBox::load(file_, random_);
  ASSERT_FALSE(box);
  EXPECT_EQ(box.error().code, Errc::kInvalidArgument);
}

TEST_F(SecretBoxFile, IsNotFoundWhenThereIsNone) {
  const auto box = SecretBox::load(file_, random_);
  ASSERT_FALSE(box);
  EXPECT_EQ(box.error().code, Errc::kNotFound);
}

TEST(SecretBox, OpensNothingOfAnotherKeyOrAnotherPlace) {
  SeededRandom random(3);
  const std::array<std::byte, 32> first{std::byte{1}};
  const std::array<std::byte, 32> second{std::byte{2}};
  const SecretBox box(first, random);
  const SecretBox other(second, random);
  const std::string sealed = box.seal("secret", "ten_1|wh_1").value();
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
  EXPECT_EQ(box.open(sealed, "ten_1|wh_1"), "secret");
  EXPECT_FALSE(box.open(sealed, "ten_2|wh_1"));
  EXPECT_FALSE(other.open(sealed, "ten_1|wh_1"));
  EXPECT_NE(box.key_id(), other.key_id());
}

TEST(SecretBox, AKeyedHashIsOfOneKeyOnePurposeAndOneText) {
  SeededRandom random(1);
  std::array<std::byte, kAesKeyBytes> key{};
  const SecretBox box(key, random);
  const std::string hash = box.keyed_hash("purpose", "text");
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash, SecretBox(key, random).keyed_hash("purpose", "text"));
  EXPECT_NE(hash, box.keyed_hash("another", "text"));
  EXPECT_NE(hash, box.keyed_hash("purpose", "texts"));
  key[0] = std::byte{1};
  EXPECT_NE(hash, SecretBox(key, random).keyed_hash("purpose", "text"));
}

}  // namespace
}  // namespace verihook::crypto
