#include "cli/list_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace verihook::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> read(std::string_view text, ListFormat format) {
  const auto addresses = read_addresses(text, format);
  EXPECT_TRUE(addresses) << addresses.error().message;
  return addresses.value_or(std::vector<std::string>{});
}

std::string mistake_in(std::string_view text, ListFormat format) {
  const auto addresses = read_addresses(text, format);
  EXPECT_FALSE(addresses) << text;
  return addresses ? "" : addresses.error().message;
}

TEST(ListFile, TakesOneAddressFromEachLineOfText) {
  EXPECT_THAT(read("\xef\xbb\xbf"
                   "a@b.test\r\n\n  c d@e.test \nnot an address",
                   ListFormat::kText),
              ElementsAre("a@b.test", "c d@e.test", "not an address"));
}

TEST(ListFile, FindsTheCsvColumnByItsName) {
  EXPECT_THAT(read("id,E-Mail,name\n1,a@b.test,\"A, B\"\n2,\"c@d.test\",C\n3\n", ListFormat::kCsv),
              ElementsAre("a@b.test", "c@d.test"));
}

TEST(ListFile, FindsTheCsvColumnByItsContent) {
  EXPECT_THAT(read("1;a@b.test\n2;nobody\n", ListFormat::kCsv), ElementsAre("a@b.test", "nobody"));
  EXPECT_THAT(read("id\tcontact\n1\ta@b.test\n", ListFormat::kCsv), ElementsAre("a@b.test"));
  EXPECT_THAT(mistake_in("a,b\nc,d\n", ListFormat::kCsv), HasSubstr("no column is named email"));
}

TEST(ListFile, ReadsQuotesAsInRfc4180) {
  const auto records = read_csv("\"a \"\"b\"\"\",\"two\r\nlines\"\r\n,x\r\n\r\n\"\"\n", ',');
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_THAT(*records, ElementsAre(ElementsAre("a \"b\"", "two\r\nlines"), ElementsAre("", "x")));
  const auto open = read_csv("a\nb,\"c\nd\n", ',');
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().message, "the quotation mark in line 2 is never closed");
}

TEST(ListFile, ReadsTheFormsOfJson) {
  EXPECT_THAT(read(R"(["a@b.test","c@d.test"])", ListFormat::kJson),
              ElementsAre("a@b.test", "c@d.test"));
  EXPECT_THAT(read(R"({"emails":["a@b.test"],"name":"x"})", ListFormat::kJson),
              ElementsAre("a@b.test"));
  EXPECT_THAT(read(R"([{"email":"a@b.test","id":1}])", ListFormat::kJson), ElementsAre("a@b.test"));
  EXPECT_THAT(read("{\"email\":\"a@b.test\"}\n\n\"c@d.test\"\n", ListFormat::kNdjson),
              ElementsAre("a@b.test", "c@d.test"));
}

TEST(ListFile, SaysWhereTheJsonIsWrong) {
  EXPECT_THAT(mistake_in("[1]", ListFormat::kJson), HasSubstr("element 1 of the list"));
  EXPECT_THAT(mistake_in("{\"mails\":[]}", ListFormat::kJson), HasSubstr("an array \"emails\""));
  EXPECT_THAT(mistake_in("[", ListFormat::kJson), HasSubstr("the list is not valid JSON"));
  EXPECT_THAT(mistake_in("\"a@b.test\"\n{", ListFormat::kNdjson), HasSubstr("line 2 is not valid"));
  EXPECT_THAT(mistake_in("{\"mail\":1}", ListFormat::kNdjson), HasSubstr("line 1 is neither"));
}

TEST(ListFile, RefusesAnEmptyList) {
  EXPECT_EQ(mistake_in(" \n", ListFormat::kText), "the list holds no addresses");
  EXPECT_EQ(mistake_in("email\n", ListFormat::kCsv), "the list holds no addresses");
  EXPECT_EQ(mistake_in("", ListFormat::kCsv), "the list holds no addresses");
  EXPECT_EQ(mistake_in("[]", ListFormat::kJson), "the list holds no addresses");
  EXPECT_EQ(mistake_in("\n", ListFormat::kNdjson), "the list holds no addresses");
}

TEST(ListFile, GuessesTheFormatByNameThenByContent) {
  struct Row {
    std::string_view name;
    std::string_view text;
    ListFormat format;
  };
  const Row rows[] = {
      {"a.CSV", "", ListFormat::kCsv},
      {"a.jsonl", "", ListFormat::kNdjson},
      {"a.json", "", ListFormat::kJson},
      {"a.txt", "x,y", ListFormat::kText},
      {"-", " [\"a@b.test\"]", ListFormat::kJson},
      {"-", "{\"emails\":[\"a@b.test\"]}", ListFormat::kJson},
      {"-", "{\n\"emails\":[]}", ListFormat::kJson},
      {"-", "{\"email\":\"a@b.test\"}\n{\"email\":\"c@d.test\"}", ListFormat::kNdjson},
      {"list", "email\na@b.test", ListFormat::kCsv},
      {"list", "id,email\n1,a@b.test", ListFormat::kCsv},
      {"list", "a@b.test\nc@d.test", ListFormat::kText},
      {"list", "", ListFormat::kText},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(guess_format(row.name, row.text), row.format) << row.name << ": " << row.text;
  }
}

}  // namespace
}  // namespace verihook::cli
