#include "jobs/intake/csv_list.h"

#include <gmock/gmock.h>

#include "jobs/intake/list_test_support.h"

namespace verihook::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

Lines read(std::string_view text, std::string email_column = "", ListLimits limits = {}) {
  return testing::read_however_cut(
      text, [&](ListSink& sink) { return std::make_unique<CsvList>(sink, limits, email_column); });
}

TEST(CsvList, FindsTheAddressesByTheNameOfTheirColumnAndKeepsTheOthers) {
  EXPECT_THAT(read("id,E-Mail,name\r\n7,a@x.test,Ann\r\n8,b@x.test,\r\n"),
              ElementsAre("columns name", "1 <a@x.test> id=7 [Ann]", "2 <b@x.test> id=8 []"));
}

TEST(CsvList, EndsLinesAtLfCrlfOrCr) {
  const Lines expected = {"columns n", "1 <a@x.test> [1]", "2 <b@x.test> [2]"};
  EXPECT_EQ(read("email,n\na@x.test,1\nb@x.test,2\n"), expected);
  EXPECT_EQ(read("email,n\r\na@x.test,1\r\nb@x.test,2"), expected);
  EXPECT_EQ(read("email,n\ra@x.test,1\rb@x.test,2\r"), expected);
}

TEST(CsvList, ReadsQuotedCellsWithDelimitersLineEndsAndQuotes) {
  EXPECT_THAT(
      read("email,note\n\"a@x.test\",\"one, two\nthree \"\"four\"\"\"\nb@x.test,\"\"\n"),
      ElementsAre("columns note", "1 <a@x.test> [one, two\nthree \"four\"]", "2 <b@x.test> []"));
}

TEST(CsvList, TakesAQuotationMarkInsideAPlainCellAsText) {
  EXPECT_THAT(read("email,size\na@x.test,3\" pipe\n"),
              ElementsAre("columns size", "1 <a@x.test> [3\" pipe]"));
}

TEST(CsvList, FindsTheDelimiter) {
  for (const std::string delimiter : {",", ";", "\t", "|"}) {
    const std::string text = "name" + delimiter + "mail\n\"Ann, B; C\"" + delimiter + "a@x.test\n";
    EXPECT_THAT(read(text), ElementsAre("columns name", "1 <a@x.test> [Ann, B; C]")) << delimiter;
  }
}

TEST(CsvList, ReadsOneColumnWithAndWithoutItsName) {
  EXPECT_THAT(read("a@x.test\nb@x.test\n"), ElementsAre("1 <a@x.test>", "2 <b@x.test>"));
  EXPECT_THAT(read("Courriel\na@x.test\n"), ElementsAre("1 <a@x.test>"));
}

TEST(CsvList, FindsTheAddressesByWhatTheCellsLookLike) {
  EXPECT_THAT(read("Ann,a@x.test\nBob,b@x.test\n"),
              ElementsAre("columns column_1", "1 <a@x.test> [Ann]", "2 <b@x.test> [Bob]"));
  EXPECT_THAT(read("who,where\nAnn,a@x.test\nBob,b@x.test\n"),
              ElementsAre("columns who", "1 <a@x.test> [Ann]", "2 <b@x.test> [Bob]"));
}

TEST(CsvList, TakesTheColumnThatIsNamedOrNumbered) {
  const std::string text = "email,backup\na@x.test,b@x.test\n";
  EXPECT_THAT(read(text, "backup"), ElementsAre("columns email", "1 <b@x.test> [a@x.test]"));
  EXPECT_THAT(read(text, "2"), ElementsAre("columns email", "1 <b@x.test> [a@x.test]"));
  EXPECT_THAT(read(text, "third"), ElementsAre(HasSubstr("1 \"email\", 2 \"backup\"")));
}

TEST(CsvList, AsksWhichColumnItIsWhenThatCannotBeTold) {
  EXPECT_THAT(read("x,y\na@x.test,b@x.test\n"), ElementsAre(HasSubstr("say which with")));
  EXPECT_THAT(read("x,y\n1,2\n3,4\n"), ElementsAre(HasSubstr("say so with email_column")));
}

TEST(CsvList, KeepsTwoColumnsOfOneNameApart) {
  EXPECT_THAT(read("email,n,n,\na@x.test,1,2,3\n"),
              ElementsAre("columns n|n_2|column_4", "1 <a@x.test> [1|2|3]"));
}

TEST(CsvList, TakesShortRecordsAsEmptyCellsAndPassesOverEmptyLines) {
  EXPECT_THAT(read("email,n\n\n\na@x.test\n\nb@x.test,2\n"),
              ElementsAre("columns n", "1 <a@x.test> []", "2 <b@x.test> [2]"));
}

TEST(CsvList, RejectsWhatIsNoRowAndReadsOn) {
  EXPECT_THAT(read("email,n\n,1\na@x.test,1,2\nb@x.test,\"x\"y\nc@x.test,3,\nd@x.test,\x80\n"),
              ElementsAre("columns n", "1 rejected in line 2: no_address \",1\"",
                          "2 rejected in line 3: too_many_columns \"a@x.test,1,2\"",
                          "3 rejected in line 4: broken_quoting \"b@x.test,\"x\"y\"",
                          "4 <c@x.test> [3]", "5 rejected in line 6: not_utf8 \"d@x.test,?\""));
}

TEST(CsvList, LosesOneLineToAQuotationMarkThatIsNotClosed) {
  EXPECT_THAT(read("email,n\na@x.test,\"1\nb@x.test,2\n"),
              ElementsAre("columns n", "1 rejected in line 2: broken_quoting \"a@x.test,\"1\"",
                          "2 <b@x.test> [2]"));
}

TEST(CsvList, NamesTheLineWhereARejectedRecordBegins) {
  EXPECT_THAT(read("email,n\na@x.test,\"1\n2\r\n3\"\n,4\n"),
              ElementsAre("columns n", "1 <a@x.test> [1\n2\r\n3]",
                          "2 rejected in line 5: no_address \",4\""));
}

TEST(CsvList, KeepsToItsLimits) {
  ListLimits limits{.email_bytes_max = 10, .entry_bytes_max = 30, .columns_max = 3};
  EXPECT_THAT(
      read("email,n\n" + std::string(40, 'x') + "\na@x.test,1\nlonger@x.test,2\nb@x.test,3\n", "",
           limits),
      ElementsAre("columns n", "1 rejected in line 2: too_long \"" + std::string(31, 'x') + "\"",
                  "2 <a@x.test> [1]", "3 rejected in line 4: too_long \"longer@x.test,2\"",
                  "4 <b@x.test> [3]"));
  EXPECT_THAT(read("email,b,c\na@x.test,2,3\nb@x.test,2,3,4\n", "", limits),
              ElementsAre("columns b|c", "1 <a@x.test> [2|3]",
                          "2 rejected in line 3: too_many_columns \"b@x.test,2,3,4\""));
  EXPECT_THAT(read("email,b,c,d\n", "", limits), ElementsAre(HasSubstr("columns_max")));
  EXPECT_THAT(read(std::string(50, 'h') + "\na@x.test\n", "", limits),
              ElementsAre(HasSubstr("entry_bytes_max")));
}

TEST(CsvList, ReadsAHeaderAloneAndNothingAtAll) {
  EXPECT_THAT(read("email,n\n"), ElementsAre("columns n"));
  EXPECT_THAT(read(""), ElementsAre());
  EXPECT_THAT(read("\n\r\n\r"), ElementsAre());
}

}  // namespace
}  // namespace verihook::jobs
