#include "jobs/chunk_codec.h"

#include <gtest/gtest.h>

namespace verihook::jobs {
namespace {

TEST(ChunkCodec, GivesRowsBackAsTheyWere) {
  std::vector<InputRow> rows;
  for (int i = 1; i <= 10'000; ++i) {
    rows.push_back({i, "user" + std::to_string(i) + "@example.test", i % 3 ? "" : "id\n\t\"",
                    i % 2 ? "" : "{\"a\":1}", i % 7 == 0});
  }
  rows[5].email = std::string("\0\xff\n", 3);
  const auto decoded = decode_rows(encode_rows(rows));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, rows);
  EXPECT_TRUE(decode_rows(encode_rows({}))->empty());
}

TEST(ChunkCodec, GivesResultsBackInTheOrderWritten) {
  std::vector<ResultLine> lines;
  ASSERT_TRUE(decode_results(encode_results({{2, "second"}, {1, "first"}}), lines));
  ASSERT_TRUE(decode_results(encode_results({{3, ""}}), lines));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].number, 2);
  EXPECT_EQ(lines[0].record, "second");
  EXPECT_EQ(lines[2].number, 3);
}

TEST(ChunkCodec, CallsDamageByItsNameWhereverItIs) {
  const std::string good = encode_rows({{1, "a@b.test", "", ""}, {2, "c@d.test", "x", "{}"}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto decoded = decode_rows(std::string_view(good).substr(0, size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code, Errc::kStorageFailed);
  }
  std::vector<ResultLine> lines;
  const auto other = decode_results(encode_rows({{1, "a", "", ""}}), lines);
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("another version"), std::string::npos);
  ColumnSet columns;
  EXPECT_FALSE(decode_columns(encode_rows({{1, "a", "", ""}}), columns));
}

}  // namespace
}  // namespace verihook::jobs
