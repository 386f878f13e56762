#include "destinations/result_reader.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "destinations/result_file.h"

namespace verihook::destinations {
namespace {

struct ReadRows {
  Result<void> outcome;
  std::vector<model::ContactUpdate> rows;
  std::int64_t left_out = 0;
};

ReadRows read_in_pieces(std::string_view text, std::size_t piece) {
  ReadRows read;
  ResultReader reader([&](const model::ContactUpdate& row) -> Result<void> {
    read.rows.push_back(row);
    return {};
  });
  for (std::size_t at = 0; at < text.size() && read.outcome; at += piece) {
    read.outcome = reader.feed(text.substr(at, piece));
  }
  if (read.outcome) read.outcome = reader.finish();
  read.left_out = reader.rows_left_out();
  return read;
}

constexpr std::string_view kList = R"( [
  {"email":"a@example.com","is_valid":true,"reason":"accepted_email",
   "mx":{"email":"x","records":[1]}},
  {"reason":"no_mx","score":1.5e3,"email":"b\u00e9\"@example.com","is_valid":false,
   "data":[[{"is_valid":3}]]},
  {"email":"c@example.com","is_valid":null},
  {"email":"d@example.com","is_valid":false,"reason":null},
  {"email":"","is_valid":true}
] )";

TEST(ResultReader, ReadsTheSameHoweverThePiecesAreCut) {
  for (std::size_t piece = 1; piece <= kList.size(); ++piece) {
    const ReadRows read = read_in_pieces(kList, piece);
    ASSERT_TRUE(read.outcome) << piece << read.outcome.error().message;
    ASSERT_EQ(read.rows.size(), 3u) << piece;
    EXPECT_EQ(read.rows[0].email, "a@example.com");
    EXPECT_TRUE(read.rows[0].email_verified);
    EXPECT_EQ(read.rows[0].email_invalid_reason, "");
    EXPECT_EQ(read.rows[1].email, "b\xc3\xa9\"@example.com");
    EXPECT_FALSE(read.rows[1].email_verified);
    EXPECT_EQ(read.rows[1].email_invalid_reason, "no_mx");
    EXPECT_EQ(read.rows[2].email_invalid_reason, kUnspecifiedReason);
    EXPECT_EQ(read.left_out, 2);
  }
  EXPECT_TRUE(read_in_pieces("[]", 1).outcome);
}

TEST(ResultReader, RefusesWhatIsNoListOfResults) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{}",
                                      "null",
                                      "1",
                                      "\"text\"",
                                      "[",
                                      "[1]",
                                      "[null]",
                                      "[\"a\"]",
                                      "[[]]",
                                      "[true]",
                                      R"([{"email":"a@b.c"}])",
                                      R"([{"is_valid":true}])",
                                      R"([{"email":1,"is_valid":true}])",
                                      R"([{"email":null,"is_valid":true}])",
                                      R"([{"email":"a@b.c","is_valid":"true"}])",
                                      R"([{"email":"a@b.c","is_valid":1}])",
                                      R"([{"email":{},"is_valid":true}])",
                                      R"([{"email":["a@b.c"],"is_valid":true}])",
                                      R"([{"email":"a@b.c","is_valid":false,"reason":7}])",
                                      R"([{"email":"a@b.c","email":"d@e.f","is_valid":true}])",
                                      R"([{"email":"a@b.c","is_valid":true,"is_valid":false}])",
                                      R"([{"email":"a@b.c","is_valid":true}] x)",
                                      R"([{"email":"a@b.c","is_valid":true},])",
                                      R"([{"email":"a@b.c","is_valid":true})",
                                      R"([{"email":"a@b.c","is_val)",
                                      "[{\"email\":\"\xff@b.c\",\"is_valid\":true}]",
                                      "<html></html>",
                                      R"({"error":"Not found"})"}) {
    const ReadRows read = read_in_pieces(text, 7);
    EXPECT_FALSE(read.outcome) << text;
    if (!read.outcome) {
      EXPECT_EQ(read.outcome.error().code, Errc::kInvalidArgument);
    }
  }
  const std::string deep = R"([{"x":)" + std::string(40, '[') + std::string(40, ']') + "}]";
  EXPECT_FALSE(read_in_pieces(deep, 7).outcome);
}

TEST(ResultReader, CutsReasonsAtACharacterAndLeavesLongAddressesOut) {
  std::string reason(kResultReasonBytesMax - 1, 'r');
  const std::string list = R"([{"email":"a@b.c","is_valid":false,"reason":")" + reason +
                           "\xc3\xa9tail\"},{\"email\":\"" +
                           std::string(kResultEmailBytesMax + 1, 'e') + "\",\"is_valid\":true}]";
  const ReadRows read = read_in_pieces(list, 5);
  ASSERT_TRUE(read.outcome);
  ASSERT_EQ(read.rows.size(), 1u);
  EXPECT_EQ(read.rows[0].email_invalid_reason, reason);
  EXPECT_EQ(read.left_out, 1);
}

TEST(ResultFile, GivesBackInBatchesWhatWasAppendedAndHasNoName) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "verihook-result-file";
  std::filesystem::remove_all(folder);
  auto file = ResultFile::create(folder).value();
  constexpr int kRows = 12'345;
  for (int i = 0; i < kRows; ++i) {
    model::ContactUpdate row;
    row.email = "user" + std::to_string(i) + "@example.com";
    row.email_verified = i % 2 == 0;
    if (!row.email_verified) row.email_invalid_reason = "reason" + std::to_string(i % 10);
    ASSERT_TRUE(file->append(row));
  }
  ASSERT_TRUE(file->seal());
  EXPECT_EQ(file->rows(), kRows);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  for (int round = 0; round < 2; ++round) {
    int at = 0;
    std::size_t batches = 0;
    const auto done = file->read(1'000, [&](std::span<const model::ContactUpdate> rows) {
      ++batches;
      for (const auto& row : rows) {
        EXPECT_EQ(row.email, "user" + std::to_string(at) + "@example.com");
        EXPECT_EQ(row.email_invalid_reason.empty(), at % 2 == 0);
        ++at;
      }
      return Result<void>{};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(at, kRows);
    EXPECT_EQ(batches, 13u);
  }
}

}  // namespace
}  // namespace verihook::destinations
