#include "jobs/intake/bulk_request.h"

#include <gmock/gmock.h>

namespace verihook::jobs {
namespace {

using ::testing::HasSubstr;

Result<BulkRequest> members(std::string_view json) {
  BulkRequest request;
  TRY_VOID(read_members(json, request));
  TRY_VOID(check_parameters(request));
  return request;
}

Result<BulkRequest> parameter(std::string_view name, std::string_view text) {
  BulkRequest request;
  TRY_VOID(read_parameter(name, text, request));
  return request;
}

TEST(BulkRequest, ReadsTheMembersOfABody) {
  const auto request = members(
      R"({"metadata":{"b":[1,2.50,"é\n"],"2":null,"1":true},"name":"my list","start":false,)"
      R"("webhook_url":"https://x.test/","options":{"smtp":false,"role_as":"risky",)"
      R"("syntax":"web_form","priority":"high","deadline_s":60}})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->name, "my list");
  EXPECT_EQ(request->metadata, "{\"1\":true,\"2\":null,\"b\":[1,2.5,\"\u00e9\\n\"]}");
  EXPECT_EQ(request->webhook_url, "https://x.test/");
  EXPECT_FALSE(request->start);
  EXPECT_FALSE(request->options.smtp);
  EXPECT_EQ(request->options.role_as, model::RoleAs::kRisky);
  EXPECT_EQ(request->options.syntax, model::Syntax::kWebForm);
  EXPECT_EQ(request->options.priority, model::Priority::kHigh);
  EXPECT_EQ(request->options.deadline_s, 60);
}

TEST(BulkRequest, ReadsTheSameParametersFromTheirTextForm) {
  EXPECT_EQ(parameter("name", "7")->name, "7");
  EXPECT_FALSE(parameter("smtp", "false")->options.smtp);
  EXPECT_FALSE(parameter("start", "false")->start);
  EXPECT_EQ(parameter("deadline_s", "60")->options.deadline_s, 60);
  EXPECT_EQ(parameter("greylist", "skip")->options.greylist, model::Greylist::kSkip);
  EXPECT_EQ(parameter("metadata", R"({"b":2,"1":1})")->metadata, R"({"1":1,"b":2})");
  EXPECT_FALSE(parameter("options", R"({"cache":false})")->options.cache);
  EXPECT_EQ(parameter("email_column", "3")->email_column, "3");
}

TEST(BulkRequest, StartsUnlessItIsToldToWait) {
  EXPECT_TRUE(members("{}")->start);
  EXPECT_EQ(members("{}")->options.syntax, model::Syntax::kStandard);
}

TEST(BulkRequest, RefusesMembersWithASentenceThatNamesTheFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"emial":1})", "\"emial\""},
      {R"({"smtp":true})", "\"smtp\""},
      {R"({"email_column":"a"})", "\"email_column\""},
      {R"({"name":1})", "name must be a string"},
      {R"({"options":{"smtp":1}})", "options.smtp"},
      {R"({"options":{"smpt":true}})", "options.smpt"},
      {R"({"options":{"name":"x"}})", "options.name"},
      {R"({"options":{"role_as":"invalid"}})", "flag, risky"},
      {R"({"options":{"deadline_s":-1}})", "options.deadline_s"},
      {R"({"options":{"syntax":"lax"}})", "options.syntax"},
      {R"({"options":[]})", "options must be an object"},
      {R"({"start":"no"})", "start must be"},
      {R"({"metadata":{"a":1,"a":2}})", "a"},
      {R"({"metadata":{"a":9007199254740993}})", "a"},
      {R"({"webhook_secret":"s"})", "webhook_url"},
  };
  for (const auto& [json, expected] : cases) {
    const auto request = members(json);
    ASSERT_FALSE(request) << json;
    EXPECT_THAT(request.error().message, HasSubstr(expected)) << json;
  }
}

TEST(BulkRequest, RefusesParametersWithASentenceThatNamesTheFault) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"nmae", "x", "\"nmae\" is not a parameter"},
      {"smtp", "yes", "smtp must be true or false"},
      {"smtp", "\"true\"", "smtp must be"},
      {"deadline_s", "soon", "deadline_s must be"},
      {"greylist", "later", "wait, skip"},
      {"name", "\xff", "name must be valid UTF-8"},
      {"metadata", "{", "metadata"},
      {"metadata", "[]", "metadata"},
  };
  for (const auto& [name, text, expected] : cases) {
    const auto request = parameter(name, text);
    ASSERT_FALSE(request) << name;
    EXPECT_THAT(request.error().message, HasSubstr(expected)) << name;
  }
}

}  // namespace
}  // namespace verihook::jobs
