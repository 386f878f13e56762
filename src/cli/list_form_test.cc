#include "cli/list_form.h"

#include <fstream>

#include <gtest/gtest.h>

#include "jobs/intake/multipart.h"
#include "tests/support/temp_folder.h"

namespace verihook::cli {
namespace {

class ListFormTest : public ::testing::Test {
 protected:
  BulkOptions options_for(std::string_view text) {
    BulkOptions options;
    options.file = folder_.path() + "/list.csv";
    std::ofstream(options.file, std::ios::binary) << text;
    return options;
  }
  static std::string read_all(ListForm& form, std::size_t piece_bytes) {
    std::string all;
    std::string piece(piece_bytes, '\0');
    for (;;) {
      const auto count = form.read(piece);
      EXPECT_TRUE(count) << count.error().message;
      if (!count || *count == 0) return all;
      all.append(piece, 0, *count);
    }
  }

  testing::TempFolder folder_;
};

TEST_F(ListFormTest, SaysFirstWhatWasSaidAboutTheListAndThenHandsItOnAsItStands) {
  std::string list = "email\n";
  while (list.size() < 200'000) list += "somebody@example.test,\r\n";
  for (const std::size_t piece_bytes : {7u, 4'096u, 1'000'000u}) {
    BulkOptions options = options_for(list);
    options.name = "spring";
    options.no_smtp = true;
    auto form = ListForm::open(options);
    ASSERT_TRUE(form) << form.error().message;
    const std::string body = read_all(**form, piece_bytes);
    EXPECT_EQ((*form)->bytes_of_list(), std::ssize(list));

    const std::string boundary = jobs::header_parameter((*form)->content_type(), "boundary");
    std::string fields;
    std::string file_name;
    std::string received;
    jobs::MultipartReader reader(
        boundary, {.on_field = [&](const jobs::MultipartReader::Part& part,
                                   std::string_view value) -> Result<void> {
                     fields += part.name + "=" + std::string(value) + ";";
                     return {};
                   },
                   .on_file = [&](const jobs::MultipartReader::Part& part) -> Result<void> {
                     file_name = part.file_name;
                     return {};
                   },
                   .on_file_data = [&](std::string_view data) -> Result<void> {
                     received += data;
                     return {};
                   }});
    ASSERT_TRUE(reader.feed(body));
    ASSERT_TRUE(reader.finish());
    EXPECT_EQ(fields, "name=spring;smtp=false;syntax=standard;");
    EXPECT_EQ(file_name, "list.csv");
    EXPECT_EQ(received, list);
  }
}

TEST_F(ListFormTest, IsTheSameForTheSameListAndOfAnotherBoundaryForAnother) {
  const auto body_of = [&](std::string_view list) {
    auto form = ListForm::open(options_for(list));
    return read_all(**form, 4'096);
  };
  EXPECT_EQ(body_of("a@x.test\n"), body_of("a@x.test\n"));
  const std::string body = body_of("a@x.test\n");
  const std::string boundary = body.substr(0, body.find('\r'));
  EXPECT_FALSE(body_of("b@x.test\n").contains(boundary));
}

TEST_F(ListFormTest, AnEmptyFileIsAnEmptyPart) {
  auto form = ListForm::open(options_for(""));
  ASSERT_TRUE(form) << form.error().message;
  EXPECT_TRUE(read_all(**form, 4'096).contains("\r\n\r\n\r\n--"));
}

TEST_F(ListFormTest, SaysWhichFileCannotBeRead) {
  BulkOptions options;
  for (const auto& [file, reason] : {std::pair{folder_.path() + "/none.csv", "No such file"},
                                     std::pair{folder_.path(), "Is a directory"}}) {
    options.file = file;
    const auto form = ListForm::open(options);
    ASSERT_FALSE(form);
    EXPECT_EQ(form.error().code, Errc::kNotFound);
    EXPECT_TRUE(form.error().message.contains(options.file));
    EXPECT_TRUE(form.error().message.contains(reason)) << form.error().message;
  }
}

}  // namespace
}  // namespace verihook::cli
