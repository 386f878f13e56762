#include "jobs/intake/json_list.h"

#include <gmock/gmock.h>

#include "jobs/intake/list_test_support.h"

namespace verihook::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

Lines read(std::string_view text, ListLimits limits = {}, std::string email_member = "") {
  return testing::read_however_cut(
      text, [&](ListSink& sink) { return std::make_unique<JsonList>(sink, limits, email_member); });
}

TEST(JsonList, ReadsStringsAndObjectsAndKeepsTheOtherMembers) {
  const std::string body =
      R"( {"name":"my \"list\"","emails":["a@x.test",{"email":"b@x.test","id":"7","n":{"x":[1]}},)"
      R"("\u00e9@x.test"],"options":{"smtp":false,"list":[1,2.50,null]}} )";
  EXPECT_THAT(read(body), ElementsAre("1 <a@x.test>", R"(2 <b@x.test> id=7 {"n":{"x":[1]}})",
                                      "3 <\u00e9@x.test>"));
  testing::WrittenDown sink;
  JsonList list(sink, {}, "");
  ASSERT_TRUE(list.feed(body));
  ASSERT_TRUE(list.finish());
  EXPECT_EQ(list.members(),
            R"({"name":"my \"list\"","options":{"smtp":false,"list":[1,2.50,null]}})");
}

TEST(JsonList, ReadsAnArray) {
  EXPECT_THAT(read(R"(["a@x.test",{"mail":"b@x.test"}])"),
              ElementsAre("1 <a@x.test>", "2 <b@x.test>"));
  EXPECT_THAT(read(R"([{"mail":"a@x.test","to":"b@x.test"}])", {}, "to"),
              ElementsAre(R"(1 <b@x.test> {"mail":"a@x.test"})"));
  EXPECT_THAT(read("[]"), ElementsAre());
  EXPECT_THAT(read(R"({"emails":[]})"), ElementsAre());
}

TEST(JsonList, RejectsElementsThatAreNoEntriesAndReadsOn) {
  EXPECT_THAT(
      read(R"(["a@x.test",7,null,["b"],{"n":1},{"email":"x","email":"y"},true,"z@x.test"])"),
      ElementsAre("1 <a@x.test>", "2 rejected in line 0: no_entry \"7\"",
                  "3 rejected in line 0: no_entry \"null\"",
                  "4 rejected in line 0: no_entry \"[\"b\"]\"",
                  "5 rejected in line 0: no_address \"{\"n\":1}\"",
                  R"(6 rejected in line 0: not_json "{"email":"x","email":"y"}")",
                  "7 rejected in line 0: no_entry \"true\"", "8 <z@x.test>"));
}

TEST(JsonList, RefusesTheWholeBodyWithASentenceThatNamesTheFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not valid JSON"},
      {"\"x\"", "must be a JSON object"},
      {"12", "must be a JSON object"},
      {"{}", "\"emails\" is missing"},
      {R"({"emails":"a@b.c"})", "must be an array"},
      {R"({"emails":null})", "must be an array"},
      {R"({"emails":{"a":1}})", "must be an array"},
      {R"({"emails":[],"emails":[]})", "given twice"},
      {R"({"emails":["a"]} x)", "follows"},
      {R"({"emails":["a"])", "not valid JSON"},
      {R"({"emails":["a",]})", "not valid JSON"},
      {"{\"emails\":[\"a\xff\"]}", "not valid JSON"},
  };
  for (const auto& [body, expected] : cases) {
    const Lines lines = read(body);
    ASSERT_FALSE(lines.empty()) << body;
    EXPECT_THAT(lines.back(), HasSubstr("error: ")) << body;
    EXPECT_THAT(lines.back(), HasSubstr(expected)) << body;
  }
}

TEST(JsonList, KeepsToItsLimits) {
  const ListLimits limits{
      .email_bytes_max = 8, .entry_bytes_max = 20, .columns_max = 3, .members_bytes_max = 20};
  EXPECT_THAT(read(R"(["123456789","12345678",{"email":"a","note":"much too long"},)"
                   R"("123456789012345678901234567890","b"])",
                   limits),
              ElementsAre(HasSubstr("1 rejected in line 0: too_long"), "2 <12345678>",
                          HasSubstr("3 rejected in line 0: too_long"),
                          HasSubstr("4 rejected in line 0: too_long"), "5 <b>"));
  EXPECT_THAT(read(R"({"name":"more than twenty bytes","emails":["a"]})", limits),
              ElementsAre(HasSubstr("error: the members beside")));
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += "[";
  EXPECT_THAT(read(deep).back(), HasSubstr("error: "));
}

TEST(JsonList, PassesTheErrorOfTheReceiverOn) {
  class Full final : public ListSink {
    void columns(std::vector<std::string>) override {}
    Result<void> row(const ListRow&) override { return fail(Errc::kBusy, "full"); }
    void reject(RejectedEntry) override {}
  } full;
  JsonList strings(full, {}, "");
  EXPECT_EQ(strings.feed(R"({"emails":["a"]})").error().code, Errc::kBusy);
  JsonList objects(full, {}, "");
  EXPECT_EQ(objects.feed(R"([{"email":"a"}])").error().code, Errc::kBusy);
}

}  // namespace
}  // namespace verihook::jobs
