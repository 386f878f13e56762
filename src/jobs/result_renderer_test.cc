#include "jobs/result_renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verification/verdict_rules.h"

namespace verihook::jobs {
namespace {

using ::testing::HasSubstr;

StoredResult row_of(std::string email, std::string data = {}) {
  StoredResult row;
  row.number = 1;
  row.verdict.email = std::move(email);
  verification::settle(row.verdict, model::Reason::kAcceptedEmail, {});
  row.data = std::move(data);
  return row;
}

ColumnSet columns_of(const std::vector<StoredResult>& rows) {
  ColumnSet columns;
  for (const StoredResult& row : rows) columns.add_data(row.data);
  return columns;
}

std::string document(ExportFormat format, const std::vector<StoredResult>& rows) {
  const ResultRenderer renderer(format, columns_of(rows));
  std::string text;
  renderer.append_head(text);
  for (const StoredResult& row : rows) renderer.append_row(text, row, &row == &rows.front());
  renderer.append_tail(text);
  return text;
}

std::string cell(std::string_view text, ValueWriter::Form form = ValueWriter::Form::kCsv) {
  std::string out;
  ValueWriter(out, form).text(text);
  return out;
}

constexpr ExportFormat kCsv{.container = Container::kCsv};

TEST(ValueWriter, DisarmsWhatASpreadsheetWouldRunAndNothingElse) {
  for (const std::string_view formula :
       {"=1+1", "+a", "-a@b.test", "@SUM(A1)", "\t=1", "+1+cmd|' /C calc'!A0", "-", "+.5", "-1,",
        "-1e", "\uff1d1+1", "\uff20x"}) {
    EXPECT_TRUE(looks_like_formula(formula)) << formula;
  }
  for (const std::string_view harmless : {"", "a=b", "-5", "+49.30", "-3,5", "+3.2e-4", "\uff21"}) {
    EXPECT_FALSE(looks_like_formula(harmless)) << harmless;
  }
  EXPECT_EQ(cell("=1+1"), "'=1+1");
  EXPECT_EQ(cell("=1,\"2\"\r\n"), "\"'=1,\"\"2\"\"\r\n\"");
  EXPECT_EQ(cell("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(cell("=1+1", ValueWriter::Form::kRawCsv), "=1+1");
  EXPECT_EQ(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
}

TEST(ResultRenderer, PutsCommasBetweenTheRowsOfAnArrayOnly) {
  EXPECT_EQ(document({}, {}), "[]");
  const std::string two = document({}, {row_of("a@b.test"), row_of("c@d.test")});
  EXPECT_TRUE(two.starts_with("[{\"email\":\"a@b.test\"")) << two;
  EXPECT_THAT(two, HasSubstr("},{\"email\":\"c@d.test\""));
  EXPECT_TRUE(two.ends_with("}]"));
  EXPECT_EQ(document({.container = Container::kNdjson}, {}), "");
}

TEST(ResultRenderer, GivesTheCallersColumnsBackBeforeItsOwn) {
  const std::string csv =
      document(kCsv, {row_of("a@b.test", R"({"Name":"O\"Hara, \n Ann","n":-5,"gone":null})"),
                      row_of("c@d.test", R"({"n":{"deep":1},"Name":"=x","late":true})"),
                      row_of("e@f.test")});
  EXPECT_TRUE(csv.starts_with("Name,n,gone,late,email,status,reason,score,is_valid,")) << csv;
  EXPECT_THAT(csv, HasSubstr("\r\n\"O\"\"Hara, \n Ann\",-5,,,a@b.test,valid,accepted_email,"));
  EXPECT_THAT(csv, HasSubstr("\r\n'=x,\"{\"\"deep\"\":1}\",,true,c@d.test,"));
  EXPECT_THAT(csv, HasSubstr("\r\n,,,,e@f.test,"));
  EXPECT_TRUE(csv.ends_with("\r\n"));
}

TEST(ResultRenderer, NamesItsColumnsApartWhereTheCallerHasTheSame) {
  const std::string csv =
      document(kCsv, {row_of("a@b.test", R"({"email":"A@b.test","verihook_email":"x"})")});
  EXPECT_TRUE(csv.starts_with("email,verihook_email,verihook_verihook_email,status,")) << csv;
}

TEST(ResultRenderer, KeepsWhatHasNoColumnInOneOfItsOwn) {
  std::string data = "{";
  for (std::size_t i = 0; i <= kColumnsMax; ++i) {
    data += (i == 0 ? "\"c" : ",\"c") + std::to_string(i) + "\":" + std::to_string(i);
  }
  const std::string csv = document(kCsv, {row_of("a@b.test", data + "}")});
  EXPECT_THAT(csv, HasSubstr(",syntax,duplicate,other_data\r\n"));
  EXPECT_TRUE(csv.ends_with(",\"{\"\"c1000\"\":1000}\"\r\n")) << csv.substr(csv.size() - 60);
}

TEST(ResultRenderer, BeginsWithAByteOrderMarkWhenAsked) {
  const std::string csv = document({.container = Container::kCsv, .bom = true}, {});
  EXPECT_TRUE(csv.starts_with("\ufeffemail,"));
}

TEST(ResultRenderer, WritesTheObjectsOfOtherServices) {
  EXPECT_THAT(document({.view = View::kZeroBounce}, {row_of("a@b.test")}),
              HasSubstr(R"([{"address":"a@b.test","status":"valid","sub_status":"",)"));
  EXPECT_THAT(document({.view = View::kKickbox}, {row_of("a@b.test")}),
              HasSubstr(R"([{"result":"deliverable","reason":"accepted_email","role":false,)"));
  const std::string reacher = document({.view = View::kReacher}, {row_of("a@b.test")});
  EXPECT_THAT(reacher, HasSubstr(R"("is_reachable":"safe","misc":{"is_disposable":false,)"));
  EXPECT_THAT(reacher, HasSubstr(R"("haveibeenpwned":null},"mx":{"accepts_mail":)"));
  EXPECT_TRUE(reacher.ends_with("}}]")) << reacher;
  EXPECT_TRUE(document({.container = Container::kCsv, .view = View::kReacher}, {})
                  .starts_with("input,is_reachable,misc_is_disposable,"));
}

TEST(ExportFormat, IsKnownByItsName) {
  EXPECT_EQ(parse_export_format("csv")->container, Container::kCsv);
  EXPECT_EQ(parse_export_format("kickbox")->view, View::kKickbox);
  const auto both = parse_export_format("zerobounce.csv");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->view, View::kZeroBounce);
  EXPECT_EQ(both->container, Container::kCsv);
  for (const std::string_view wrong : {"", "xml", "CSV", "kickbox.", "kickbox.xml", "json.csv"}) {
    EXPECT_FALSE(parse_export_format(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace verihook::jobs
