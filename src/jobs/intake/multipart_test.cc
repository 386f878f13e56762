#include "jobs/intake/multipart.h"

#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace verihook::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

// What the handler is told, the bytes of the file in one line.
Lines read(std::string_view body, std::size_t piece_bytes) {
  Lines lines;
  std::string file;
  MultipartReader reader(
      "xyz",
      {.on_field = [&](const MultipartReader::Part& part, std::string_view value) -> Result<void> {
         lines.push_back(fmt::format("{}={}", part.name, value));
         return {};
       },
       .on_file = [&](const MultipartReader::Part& part) -> Result<void> {
         lines.push_back(fmt::format("file {} {}", part.file_name, part.content_type));
         return {};
       },
       .on_file_data = [&](std::string_view data) -> Result<void> {
         file += data;
         return {};
       }});
  const auto feed = [&]() -> Result<void> {
    while (!body.empty()) {
      const auto piece = body.substr(0, piece_bytes);
      TRY_VOID(reader.feed(piece));
      body.remove_prefix(piece.size());
    }
    return reader.finish();
  };
  const auto done = feed();
  lines.push_back(done ? "data " + file : "error: " + done.error().message);
  return lines;
}

Lines read_however_cut(std::string_view body) {
  const Lines whole = read(body, body.size() + 1);
  for (std::size_t piece = 1; piece < body.size(); ++piece) {
    EXPECT_EQ(read(body, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

constexpr std::string_view kForm =
    "--xyz\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nspring\r\n"
    "--xyz\r\ncontent-disposition: form-data; name=list; filename=\"a \\\"b\\\";c.csv\"\r\n"
    "Content-Type: text/csv\r\n\r\na\r\n--xy\r\n\r\nb\r\n--xyz--\r\n";

TEST(Multipart, HandsOnFieldsAndTheBytesOfTheFile) {
  EXPECT_THAT(read_however_cut(kForm),
              ElementsAre("name=spring", "file a \"b\";c.csv text/csv", "data a\r\n--xy\r\n\r\nb"));
}

TEST(Multipart, TakesAPreambleAnEpilogueAndAFileWithoutAName) {
  EXPECT_THAT(read_however_cut("hello\r\n--xyz \r\nContent-Disposition: form-data; "
                               "name=\"file\"\r\n\r\n\r\n--xyz--\r\nbye"),
              ElementsAre("file  ", "data "));
}

TEST(Multipart, RefusesABodyThatEndsAnywhereTooEarly) {
  for (std::size_t size = 0; size + 4 < kForm.size(); ++size) {
    EXPECT_THAT(read(kForm.substr(0, size), 9).back(), HasSubstr("error: ")) << size;
  }
}

TEST(Multipart, RefusesWhatIsNoForm) {
  const std::string file = "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {std::string(10'000, 'x'), "does not begin with its boundary"},
      {"--xyz--\r\n", "has no file"},
      {file + file + "--xyz--\r\n", "more than one file"},
      {"--xyzw\r\n", "behind a boundary"},
      {"--xyz\r\n" + std::string(10'000, 'h'), "very long headers"},
      {"--xyz\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n" + std::string(70'000, 'v') +
           "\r\n--xyz--",
       "very long field"},
  };
  for (const auto& [body, expected] : cases) {
    for (const std::size_t piece : {std::size_t{100}, body.size()}) {
      EXPECT_THAT(read(body, piece).back(), HasSubstr(expected));
    }
  }
  std::string many;
  for (int i = 0; i < 70; ++i)
    many += "--xyz\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n\r\n";
  EXPECT_THAT(read(many + "--xyz--", 1000).back(), HasSubstr("too many parts"));
}

TEST(Multipart, ReadsParametersOfHeaders) {
  EXPECT_EQ(header_parameter("multipart/form-data; boundary=\"a;b\"; x=1", "boundary"), "a;b");
  EXPECT_EQ(header_parameter("multipart/form-data; x=1;BOUNDARY=ab ", "boundary"), "ab");
  EXPECT_EQ(header_parameter("multipart/form-data", "boundary"), "");
  EXPECT_EQ(header_parameter("a; boundary", "boundary"), "");
}

}  // namespace
}  // namespace verihook::jobs
