#include "jobs/bulk_request.h"

#include <vector>

#include <gtest/gtest.h>

namespace verihook::jobs {
namespace {

struct Parsed {
  Result<BulkRequest> request = fail(Errc::kInternal, "not parsed");
  std::vector<std::string> emails;
};

// Feeds the body in pieces of `piece_bytes`.
Parsed parse(std::string_view body, std::size_t piece_bytes = 1 << 20,
             BulkRequestLimits limits = {}) {
  Parsed parsed;
  BulkRequestParser parser(
      [&](std::string email) -> Result<void> {
        parsed.emails.push_back(std::move(email));
        return {};
      },
      limits);
  while (!body.empty()) {
    const auto piece = body.substr(0, piece_bytes);
    if (auto fed = parser.feed(piece); !fed) {
      parsed.request = std::unexpected(fed.error());
      return parsed;
    }
    body.remove_prefix(piece.size());
  }
  parsed.request = parser.finish();
  return parsed;
}

constexpr std::string_view kWhole =
    R"({"metadata":{"b":[1,2.50,"é\n"],"2":null,"1":true},"emails":["a@x.test","b\"@x.test",)"
    R"("\u00e9@x.test"],"name":"my list","options":{"smtp":false,"role_as":"risky"}})";

TEST(BulkRequest, ReadsTheSameHoweverTheBodyIsCut) {
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
    const Parsed parsed = parse(kWhole, piece);
    ASSERT_TRUE(parsed.request) << parsed.request.error().message;
    EXPECT_EQ(parsed.emails, (std::vector<std::string>{"a@x.test", "b\"@x.test", "\u00e9@x.test"}));
    EXPECT_EQ(parsed.request->name, "my list");
    EXPECT_FALSE(parsed.request->options.smtp);
    EXPECT_EQ(parsed.request->options.role_as, model::RoleAs::kRisky);
    EXPECT_EQ(parsed.request->metadata, "{\"1\":true,\"2\":null,\"b\":[1,2.5,\"\u00e9\\n\"]}");
  }
}

TEST(BulkRequest, TakesASyntaxPolicy) {
  const Parsed parsed = parse(R"({"emails":[],"options":{"syntax":"web_form"}})");
  ASSERT_TRUE(parsed.request) << parsed.request.error().message;
  EXPECT_EQ(parsed.request->options.syntax, model::Syntax::kWebForm);
  EXPECT_EQ(parse(R"({"emails":[]})").request->options.syntax, model::Syntax::kStandard);
}

TEST(BulkRequest, StartsUnlessItIsToldToWait) {
  EXPECT_TRUE(parse(R"({"emails":[]})").request->start);
  EXPECT_FALSE(parse(R"({"emails":[],"start":false})").request->start);
}

TEST(BulkRequest, TakesAnEmptyList) {
  const Parsed parsed = parse(R"({"emails":[]})");
  EXPECT_TRUE(parsed.request);
  EXPECT_TRUE(parsed.emails.empty());
}

TEST(BulkRequest, RefusesWithASentenceThatNamesTheFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not valid JSON"},
      {"[]", "must be a JSON object"},
      {"\"x\"", "must be a JSON object"},
      {"12", "must be a JSON object"},
      {"{}", "\"emails\" is missing"},
      {R"({"emails":"a@b.c"})", "must be an array"},
      {R"({"emails":null})", "must be an array"},
      {R"({"emails":["a",1]})", "emails[1]"},
      {R"({"emails":["a",{"email":"x"}]})", "emails[1]"},
      {R"({"emails":[["a"]]})", "emails[0]"},
      {R"({"emails":[],"emails":[]})", "given twice"},
      {R"({"emails":[],"emial":1})", "\"emial\""},
      {R"({"emails":[],"name":1})", "name must be a string"},
      {R"({"emails":[],"options":{"smtp":1}})", "options.smtp"},
      {R"({"emails":[],"options":{"smpt":true}})", "options.smpt"},
      {R"({"emails":[],"options":{"role_as":"invalid"}})", "flag, risky"},
      {R"({"emails":[],"options":{"deadline_s":-1}})", "options.deadline_s"},
      {R"({"emails":[],"options":{"syntax":"lax"}})", "options.syntax"},
      {R"({"emails":[],"start":"no"})", "start must be"},
      {R"({"emails":[],"options":[]})", "options must be an object"},
      {R"({"emails":[],"metadata":{"a":1,"a":2}})", "a"},
      {R"({"emails":[],"metadata":{"a":9007199254740993}})", "a"},
      {R"({"emails":[],"webhook_secret":"s"})", "webhook_url"},
      {R"({"emails":["a"]} x)", "follows"},
      {R"({"emails":["a"])", "not valid JSON"},
      {"{\"emails\":[\"a\xff\"]}", "not valid JSON"},
  };
  for (const auto& [body, expected] : cases) {
    for (const std::size_t piece : {1, 1000}) {
      const Parsed parsed = parse(body, piece);
      ASSERT_FALSE(parsed.request) << body;
      EXPECT_NE(parsed.request.error().message.find(expected), std::string::npos)
          << body << " -> " << parsed.request.error().message;
    }
  }
}

TEST(BulkRequest, KeepsToItsLimits) {
  const BulkRequestLimits limits{
      .email_bytes_max = 8, .other_members_bytes_max = 64, .emails_max = 2};
  EXPECT_EQ(parse(R"({"emails":["123456789"]})", 3, limits).request.error().code, Errc::kTooLarge);
  EXPECT_EQ(parse(R"({"emails":["a","b","c"]})", 3, limits).request.error().code, Errc::kTooLarge);
  const std::string name(100, 'n');
  EXPECT_EQ(parse("{\"emails\":[],\"name\":\"" + name + "\"}", 3, limits).request.error().code,
            Errc::kTooLarge);
  EXPECT_TRUE(parse(R"({"emails":["12345678","b"]})", 3, limits).request);
}

TEST(BulkRequest, PassesTheErrorOfTheReceiverOn) {
  BulkRequestParser parser([](std::string) -> Result<void> { return fail(Errc::kBusy, "full"); });
  EXPECT_EQ(parser.feed(R"({"emails":["a"]})").error().code, Errc::kBusy);
}

}  // namespace
}  // namespace verihook::jobs
