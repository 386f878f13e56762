#include "jobs/erased_rows.h"

#include <gtest/gtest.h>

#include "jobs/result_record.h"
#include "jobs/retry.h"
#include "verification/result_json.h"

namespace verihook::jobs {
namespace {

ResultLine line_of(const InputRow& row) {
  model::Verdict verdict;
  verdict.email = row.email;
  verdict.normalized_email = row.email;
  verdict.user = row.email.substr(0, row.email.find('@'));
  verdict.domain = "example.com";
  verdict.status = model::Status::kInvalid;
  verdict.reason = model::Reason::kRejectedEmail;
  verdict.mx =
      model::MxEvidence{.found = true, .host = "mx.example.com", .records = {}, .provider = ""};
  verdict.smtp.message = "no <" + row.email + "> here";
  ResultLine line{row.number, ""};
  append_record(line.record, verdict, row.id, row.data);
  return line;
}

std::string json_of(const ResultLine& line) {
  StoredResult stored;
  EXPECT_TRUE(read_record(line.record, stored));
  std::string json;
  verification::append_result(json, stored.verdict, {line.number, stored.id, stored.data});
  return json;
}

const std::vector<InputRow> kRows = {
    {.number = 4,
     .email = "joann@example.com",
     .id = "one",
     .data = R"({"friend":"Ann@Example.com"})"},
    {.number = 5, .email = " ANN@example.com", .id = "two", .data = R"({"name":"Ann"})"},
    {.number = 6, .email = "bob@example.com"}};

store::ChunkResults stored_chunk(bool done) {
  store::ChunkResults stored;
  stored.input = encode_rows(kRows);
  std::vector<ResultLine> lines;
  for (const InputRow& row : kRows) lines.push_back(line_of(row));
  if (done) {
    stored.result = encode_results(lines);
  } else {
    stored.segments = {encode_results({lines[2]}), encode_results({lines[1]})};
  }
  return stored;
}

std::vector<ResultLine> lines_of(const std::string& encoded) {
  std::vector<ResultLine> lines;
  EXPECT_TRUE(decode_results(encoded, lines));
  return lines;
}

const std::string kBlankLine =
    R"({"email":"[erased]","normalized_email":null,"is_valid":false,"status":"invalid",)"
    R"("reason":"rejected_email","score":0,"is_disposable":null,"is_role":null,"is_free":null,)"
    R"("is_catch_all":null,"is_full_mailbox":null,"is_disabled":null,"is_alias_relay":null,)"
    R"("is_tagged":null,"suggestion":null,"user":null,"domain":null,"mx":null,)"
    R"("smtp":{"checked":false,"stage":null,"code":null,"enhanced_code":null,"message":null,)"
    R"("attempts":0},"retryable":false,"retry_after":null,)"
    R"("checked_at":"1970-01-01T00:00:00.000Z","duration_ms":0,"row":5,"id":null,"data":null})";

TEST(ErasedRows, OnesOwnRowKeepsItsVerdictAndNothingElse) {
  const auto erased = erase_in_chunk(stored_chunk(true), address::Spellings("ann@example.com"));
  ASSERT_TRUE(erased && *erased) << erased.error().message;
  EXPECT_EQ((*erased)->rows, 2);
  const std::vector<InputRow> expected = {
      {.number = 4, .email = "joann@example.com", .id = "one", .data = R"({"friend":"[erased]"})"},
      {.number = 5, .email = "[erased]"},
      {.number = 6, .email = "bob@example.com"}};
  EXPECT_EQ(*decode_rows((*erased)->input), expected);
  const auto lines = lines_of((*erased)->result);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(json_of(lines[1]), kBlankLine);
  EXPECT_NE(json_of(lines[0]).find(R"("data":{"friend":"[erased]"})"), std::string::npos);
  EXPECT_EQ(json_of(lines[2]), json_of(line_of(kRows[2])));
}

TEST(ErasedRows, SegmentsOfAChunkInWorkAreErasedToo) {
  const auto erased = erase_in_chunk(stored_chunk(false), address::Spellings("ann@example.com"));
  ASSERT_TRUE(erased && *erased);
  ASSERT_EQ((*erased)->segments.size(), 2u);
  EXPECT_EQ(json_of(lines_of((*erased)->segments[0])[0]), json_of(line_of(kRows[2])));
  EXPECT_EQ(json_of(lines_of((*erased)->segments[1])[0]), kBlankLine);
}

TEST(ErasedRows, ASecondPassFindsNothing) {
  const address::Spellings ann("ann@example.com");
  const auto erased = erase_in_chunk(stored_chunk(true), ann);
  ASSERT_TRUE(erased && *erased);
  store::ChunkResults again;
  again.input = (*erased)->input;
  again.result = (*erased)->result;
  const auto second = erase_in_chunk(again, ann);
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  EXPECT_FALSE(*erase_in_chunk(stored_chunk(true), address::Spellings("nobody@example.com")));
}

TEST(ErasedRows, ARetryLeavesThemOut) {
  store::ChunkResults stored = stored_chunk(false);
  stored.segments.clear();
  stored.input = (*erase_in_chunk(stored, address::Spellings("ann@example.com")))->input;
  const auto rows = rows_to_retry(stored, Retried::kUnprocessedOrUnknown);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].number, 4);
  EXPECT_EQ((*rows)[1].number, 6);
}

TEST(ErasedRows, ADamagedChunkIsAnError) {
  store::ChunkResults stored = stored_chunk(true);
  stored.input = "damaged";
  EXPECT_FALSE(erase_in_chunk(stored, address::Spellings("ann@example.com")));
}

}  // namespace
}  // namespace verihook::jobs
