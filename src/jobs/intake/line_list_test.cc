#include "jobs/intake/line_list.h"

#include <gmock/gmock.h>

#include "jobs/intake/list_test_support.h"

namespace verihook::jobs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

Lines read_text(std::string_view text, ListLimits limits = {}) {
  return testing::read_however_cut(
      text, [&](ListSink& sink) { return std::make_unique<TextList>(sink, limits); });
}

Lines read_ndjson(std::string_view text, std::string email_member = "", ListLimits limits = {}) {
  return testing::read_however_cut(text, [&](ListSink& sink) {
    return std::make_unique<NdjsonList>(sink, limits, email_member);
  });
}

TEST(TextList, TakesOneAddressALineWhateverEndsTheLine) {
  EXPECT_THAT(read_text("a@x.test\r\n\n b@x.test \rc@x.test"),
              ElementsAre("1 <a@x.test>", "3 <b@x.test>", "4 <c@x.test>"));
}

TEST(TextList, TakesTheAddressOutOfItsBracketsAndAwayFromAComma) {
  EXPECT_THAT(read_text("Ann <a@x.test>,\nb@x.test;\n<a@<b@x.test>\n"),
              ElementsAre("1 <a@x.test>", "2 <b@x.test>", "3 <<a@<b@x.test>>"));
}

TEST(TextList, LeavesOutAFirstLineThatNamesTheColumn) {
  EXPECT_THAT(read_text("Email\na@x.test\nEmail\n"), ElementsAre("2 <a@x.test>", "3 <Email>"));
}

TEST(TextList, RejectsLinesThatCannotBeRead) {
  const std::string nul("n\0@x.test", 9);
  EXPECT_THAT(read_text(nul + "\n\xe9t\xe9@x.test\n\xc3\xa9@x.test\n" + std::string(30, 'l') + "\n",
                        {.email_bytes_max = 20, .entry_bytes_max = 25}),
              ElementsAre("1 rejected in line 1: nul_byte \"n?@x.test\"",
                          "2 rejected in line 2: not_utf8 \"?t?@x.test\"", "3 <\xc3\xa9@x.test>",
                          "4 rejected in line 4: too_long \"" + std::string(26, 'l') + "\""));
  EXPECT_THAT(read_text(std::string(22, 'l'), {.email_bytes_max = 20, .entry_bytes_max = 25}),
              ElementsAre(HasSubstr("too_long")));
}

TEST(TextList, SaysSoWhenTheWholeListIsInAnotherEncoding) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xe9@x.test\n";
  EXPECT_THAT(read_text(text), Contains(HasSubstr("error: the list is not in UTF-8")));
}

TEST(NdjsonList, TakesStringsAndObjects) {
  EXPECT_THAT(
      read_ndjson("\"a@x.test\"\n{\"email\":\"b@x.test\",\"id\":7,\"n\":[1.50,{}]}\r\n"
                  "\n{\"E-mail\":\" c@x.test \",\"id\":\"z\"}"),
      ElementsAre("1 <a@x.test>", "2 <b@x.test> id=7 {\"n\":[1.5,{}]}", "4 <c@x.test> id=z"));
}

TEST(NdjsonList, TakesTheMemberThatIsNamed) {
  EXPECT_THAT(read_ndjson("{\"email\":\"a@x.test\",\"to\":\"b@x.test\"}\n", "to"),
              ElementsAre("1 <b@x.test> {\"email\":\"a@x.test\"}"));
}

TEST(NdjsonList, RejectsWhatIsNoEntryAndReadsOn) {
  EXPECT_THAT(read_ndjson("{\"email\":\n12\n{\"n\":1}\n{\"email\":\"a\",\"email\":\"b\"}\n"
                          "{\"email\":7}\n\"z@x.test\"\n"),
              ElementsAre("1 rejected in line 1: not_json \"{\"email\":\"",
                          "2 rejected in line 2: no_entry \"12\"",
                          "3 rejected in line 3: no_address \"{\"n\":1}\"",
                          "4 rejected in line 4: not_json \"{\"email\":\"a\",\"email\":\"b\"}\"",
                          "5 rejected in line 5: no_address \"{\"email\":7}\"", "6 <z@x.test>"));
}

}  // namespace
}  // namespace verihook::jobs
