#include "jobs/result_record.h"

#include <gtest/gtest.h>

#include "jobs/chunk_codec.h"
#include "jobs/json_members.h"
#include "verification/result_json.h"
#include "verification/verdict_rules.h"

namespace verihook::jobs {
namespace {

std::string json_of(const model::Verdict& verdict, std::string_view id, std::string_view data) {
  std::string json;
  verification::append_result(json, verdict, {1, id, data});
  return json;
}

std::string json_of(const StoredResult& row) { return json_of(row.verdict, row.id, row.data); }

model::Verdict full_verdict() {
  model::Verdict verdict;
  verdict.email = "Ann.\u00e9+tag@Exa\u00e4mple.test";
  verdict.normalized_email = "ann.e@xn--example.test";
  verification::settle(verdict, model::Reason::kMailboxFull, {});
  verdict.is_disposable = false;
  verdict.is_role = true;
  verdict.is_tagged = true;
  verdict.suggestion = "ann@example.test";
  verdict.user = "ann.e";
  verdict.domain = "xn--example.test";
  verdict.syntax = "rfc5321-local-too-long";
  verdict.mx = model::MxEvidence{true, "mx1.test", {"mx1.test", "mx2.test"}, "google", true, true};
  verdict.smtp = {true, model::SmtpStage::kRcptTo, 452, "4.2.2", "full\r\nbox", 3};
  verdict.retry_after = from_unix_ms(1'767'225'600'123);
  verdict.checked_at = from_unix_ms(1'767'225'600'000);
  verdict.duration_ms = 12'345;
  return verdict;
}

// Verdicts that differ in every way that the record stores differently.
std::vector<model::Verdict> verdicts() {
  std::vector<model::Verdict> all = {full_verdict(), {}};
  for (int reason = 0; reason < model::kReasonCount; ++reason) {
    model::Verdict verdict;
    verdict.email = verdict.normalized_email = "user@b.test";
    verdict.user = "user";
    verdict.domain = "b.test";
    verification::settle(verdict, static_cast<model::Reason>(reason), {});
    all.push_back(verdict);
  }
  model::Verdict apart = full_verdict();
  apart.normalized_email = "somebody@else.test";
  apart.mx->host = "mx2.test";
  all.push_back(apart);
  apart.mx->records.clear();
  apart.smtp = {};
  apart.retry_after.reset();
  all.push_back(apart);
  apart.mx = model::MxEvidence{};
  all.push_back(apart);
  return all;
}

TEST(ResultRecord, GivesEveryFieldOfEveryVerdictBack) {
  StoredResult row;  // one for all, as readers use it: nothing of a row may stay for the next
  for (const model::Verdict& verdict : verdicts()) {
    for (const std::string_view data : {"", R"({"a":"1"})"}) {
      std::string record;
      append_record(record, verdict, data.empty() ? "" : "id-7", data, !data.empty());
      ASSERT_TRUE(read_record(record, row));
      EXPECT_EQ(json_of(row), json_of(verdict, data.empty() ? "" : "id-7", data));
      EXPECT_EQ(row.verdict.syntax, verdict.syntax);
      EXPECT_EQ(row.duplicate, !data.empty());
      EXPECT_EQ(data_of_record(record), data);
      EXPECT_EQ(status_of_record(record), verdict.status);
    }
  }
}

TEST(ResultRecord, CallsDamageByItsNameWhereverItIs) {
  std::string good;
  append_record(good, full_verdict(), "id", R"({"a":"1"})");
  StoredResult row;
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto read = read_record(std::string_view(good).substr(0, size), row);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Errc::kStorageFailed);
    static_cast<void>(status_of_record(std::string_view(good).substr(0, size)));
  }
  EXPECT_FALSE(status_of_record(""));
  // What is not cut short but wrong may be read as something else, and never beyond its end.
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char wrong : {'\0', '\x7f', '\xff'}) {
      std::string damaged = good;
      damaged[at] = wrong;
      static_cast<void>(read_record(damaged, row));
    }
  }
}

TEST(StoredResults, KnowTheColumnsOfTheirRowsInTheOrderOfTheFirst) {
  std::vector<ResultLine> lines(3);
  append_record(lines[0].record, {}, "", R"({"name":"x","a\"b":{"deep":[1,"}"]},"n":1})");
  append_record(lines[1].record, {}, "", "");
  append_record(lines[2].record, {}, "", R"({"n":2,"late":null})");
  ColumnSet columns;
  ASSERT_TRUE(decode_columns(encode_results(lines), columns));
  EXPECT_EQ(columns.names(), (std::vector<std::string>{"name", R"(a\"b)", "n", "late"}));
  EXPECT_TRUE(columns.complete());
}

TEST(StoredResults, SayWhenThereAreMoreColumnsThanAreKept) {
  std::string data = "{";
  for (std::size_t i = 0; i <= kColumnsMax; ++i) {
    data += (i == 0 ? "\"column" : ",\"column") + std::to_string(i) + "\":0";
  }
  data += "}";
  std::vector<ResultLine> lines(1);
  append_record(lines[0].record, {}, "", data);
  ColumnSet columns;
  const std::string encoded = encode_results(lines);
  ASSERT_TRUE(decode_columns(encoded, columns));
  EXPECT_EQ(columns.names().size(), kColumnsMax);
  EXPECT_FALSE(columns.complete());
  for (std::size_t size = 0; size < encoded.size(); size += 7) {
    ColumnSet none;
    static_cast<void>(decode_columns(encoded.substr(0, size), none));
  }
}

TEST(JsonMembers, StopAtTheEndAndAtWhatIsNoMember) {
  for (const std::string_view text :
       {"", "{", "{}", "[1]", R"({"a)", R"({"a":)", R"({"a":"b)", R"({"a":[1})", R"({"a" 1})"}) {
    JsonMembers members(text);
    std::string_view key;
    std::string_view value;
    EXPECT_FALSE(members.next(key, value)) << text;
  }
}

TEST(JsonMembers, AreUnescapedAsJsonWroteThem) {
  EXPECT_EQ(unescaped(R"("a\"b\\c\nd\te\bf\fg\rh\u0001i")"), "a\"b\\c\nd\te\bf\fg\rh\1i");
  EXPECT_EQ(unescaped("plain"), "plain");
  EXPECT_EQ(unescaped(R"("\u20ac")"), "\u20ac");
}

}  // namespace
}  // namespace verihook::jobs
