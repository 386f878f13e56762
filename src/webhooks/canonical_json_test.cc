#include "webhooks/canonical_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhooks/strict_json.h"

namespace verihook::webhooks {
namespace {

using testing::HasSubstr;

struct Case {
  std::string_view text;
  std::string_view javascript;  // JSON.stringify(JSON.parse(text)) of Node 20
};

constexpr Case kCases[] = {
    {"-0", "0"},
    {"-0.0", "0"},
    {"1.0", "1"},
    {"1e3", "1000"},
    {"1E+3", "1000"},
    {"0.1e1", "1"},
    {"1.10", "1.1"},
    {"1e-6", "0.000001"},
    {"0.0000001234", "1.234e-7"},
    {"1e21", "1e+21"},
    {R"({"b":1,"a":2})", R"({"b":1,"a":2})"},
    {R"({"b":1,"2":2,"10":3,"1":4,"01":5,"-1":6,"1.5":7,"4294967294":8,"4294967295":9,)"
     R"("4294967296":10,"0":11,"00":12,"":13,"+1":14,"1e3":15})",
     R"({"0":11,"1":4,"2":2,"10":3,"4294967294":8,"b":1,"01":5,"-1":6,"1.5":7,"4294967295":9,)"
     R"("4294967296":10,"00":12,"":13,"+1":14,"1e3":15})"},
    {R"({"__proto__":1,"constructor":{"x":2}})", R"({"__proto__":1,"constructor":{"x":2}})"},
    {R"( [ 1 , 2.0 , "x" , true , false , null , { } , [ ] ] )",
     R"([1,2,"x",true,false,null,{},[]])"},
    {R"("\u0000\u0001\u001F\b\t\n\f\r\"\\\/\u0041\u00e9\u2028\ud83d\ude00")",
     "\"\\u0000\\u0001\\u001f\\b\\t\\n\\f\\r\\\"\\\\/A\u00e9\u2028\U0001f600\""},
    {R"({"a":{"2":1,"1":{"9":1,"8":2}},"x":[{"1":0,"0":1}]})",
     R"({"a":{"1":{"8":2,"9":1},"2":1},"x":[{"0":1,"1":0}]})"},
};

std::string nested_object(std::size_t depth) {
  std::string text;
  for (std::size_t i = 1; i < depth; ++i) text += "{\"a\":";
  return text + "{}" + std::string(depth - 1, '}');
}

TEST(CanonicalJson, IsWhatJavaScriptWouldWrite) {
  for (const Case& c : kCases) {
    const auto value = parse_strict_json(c.text);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(canonical(*value), c.javascript);
  }
}

TEST(CanonicalJson, IsAFixedPoint) {
  for (const Case& c : kCases) {
    EXPECT_EQ(canonical(parse_strict_json(c.javascript).value()), c.javascript);
  }
}

TEST(Metadata, IsAcceptedInJavaScriptsForm) {
  const auto metadata = parse_metadata(R"({ "retry_of": "job_1", "2": 1.0, "1": 1e2 })");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(canonical_metadata(*metadata), R"({"1":100,"2":1,"retry_of":"job_1"})");
}

TEST(Metadata, OfNullIsTheEmptyObject) { EXPECT_EQ(canonical_metadata(nullptr), "{}"); }

TEST(Metadata, IsAnObject) {
  for (const char* text : {"[]", "1", "\"x\"", "true"}) {
    const auto metadata = parse_metadata(text);
    ASSERT_FALSE(metadata) << text;
    EXPECT_EQ(metadata.error().code, Errc::kInvalidArgument);
  }
}

TEST(Metadata, IsRefusedWhereItCannotSurviveAndThePathIsNamed) {
  const std::pair<std::string_view, std::string_view> kRefused[] = {
      {R"({"order":{"id":9007199254740993}})", "\"metadata.order.id\" holds an integer"},
      {R"({"a":[{"name":"\ud800"}]})", "\"metadata.a[0].name\" holds half of a surrogate"},
      {R"({"a":1,"a":2})", "\"metadata.a\" occurs twice"},
      {R"({"a":)", "\"metadata\" is not valid JSON"},
  };
  for (const auto& [text, message] : kRefused) {
    const auto metadata = parse_metadata(text);
    ASSERT_FALSE(metadata) << text;
    EXPECT_THAT(metadata.error().message, HasSubstr(message));
  }
}

TEST(Metadata, MayBe32LevelsDeepAlsoInsideABody) {
  EXPECT_TRUE(parse_metadata(nested_object(32)));
  EXPECT_FALSE(parse_metadata(nested_object(33)));
  const auto body = parse_strict_json("{\"metadata\":" + nested_object(32) + "}");
  ASSERT_TRUE(body);
  EXPECT_TRUE(canonical_metadata(body->at("metadata")));

  boost::json::value deep = boost::json::object();
  for (int i = 0; i < 32; ++i) deep = boost::json::array{std::move(deep)};
  EXPECT_FALSE(canonical_metadata(boost::json::object{{"a", std::move(deep)}}));
}

TEST(Metadata, MayBe16KibibytesLong) {
  const std::string frame = R"({"a":""})";
  const std::string longest(kMetadataBytesMax - frame.size(), 'x');
  EXPECT_TRUE(parse_metadata("{\"a\" : \"" + longest + "\" }"));
  const auto longer = parse_metadata("{\"a\":\"x" + longest + "\"}");
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message, HasSubstr("16 KiB"));
}

}  // namespace
}  // namespace verihook::webhooks
