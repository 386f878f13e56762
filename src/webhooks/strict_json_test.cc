#include "webhooks/strict_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "webhooks/canonical_json.h"

namespace verihook::webhooks {
namespace {

using testing::HasSubstr;

std::string message_for(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = parse_strict_json(text, limits);
  return parsed ? "accepted" : parsed.error().message;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(StrictJson, ReadsEveryKindOfValue) {
  const auto value = parse_strict_json(
      " {\"a\":[1,-2,3.5,true,false,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{}} \n");
  ASSERT_TRUE(value) << value.error().message;
  const auto& list = value->at("a").as_array();
  EXPECT_EQ(list.at(0).as_int64(), 1);
  EXPECT_EQ(list.at(1).as_int64(), -2);
  EXPECT_EQ(list.at(2).as_double(), 3.5);
  EXPECT_EQ(list.at(6).as_string(), "x\u00e9\U0001f600");
  EXPECT_TRUE(value->at("b").as_object().empty());
}

TEST(StrictJson, ReadsScalarsAtTheTop) {
  for (const char* text : {"1", "-0", "1.5", "\"x\"", "true", "null", "12345678901234"}) {
    EXPECT_TRUE(parse_strict_json(text)) << text;
  }
}

TEST(StrictJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",        " ",         "{",         "[1,]",     "{\"a\":1,}", "{a:1}",
        "{'a':1}", "// x\n1",   "/* x */ 1", "01",       "+1",         "1.",
        ".5",      "1e",        "NaN",       "Infinity", "nul",        "\"\t\"",
        "\"\\x\"", "\"\\u12\"", "1 2",       "{} x",     "[1 2]",      "\xef\xbb\xbf{}",
        "\"a"}) {
    const auto parsed = parse_strict_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("is not valid JSON")) << text;
  }
}

TEST(StrictJson, RefusesDuplicateKeysAtAnyDepthAndNamesThePath) {
  EXPECT_EQ(message_for(R"({"a":1,"b":2,"a":3})"), "\"a\" occurs twice in the same object.");
  EXPECT_EQ(message_for(R"({"list":[0,{"x":{"k":1,"k":1}}]})"),
            "\"list[1].x.k\" occurs twice in the same object.");
  EXPECT_EQ(message_for(R"({"ab":1,"a\u0062":2})"), "\"ab\" occurs twice in the same object.");
  EXPECT_EQ(message_for(R"({"a":1,"A":2,"b":{"a":1},"c":{"a":1},"d":[{"a":1},{"a":1}]})"),
            "accepted");
}

TEST(StrictJson, RefusesLoneSurrogates) {
  for (const char* text :
       {R"({"a":{"b":"\ud800"}})", R"({"a":{"b":"\udc00"}})", R"({"a":{"b":"\ud800\ud800"}})",
        R"({"a":{"b":"\ud800x"}})", R"({"a":{"b":"\uDBFF\u0041"}})"}) {
    EXPECT_THAT(message_for(text), HasSubstr("\"a.b\" holds half of a surrogate pair")) << text;
  }
}

TEST(StrictJson, RefusesInvalidUtf8) {
  for (const char* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "{\"\xe2\x82\":1}"}) {
    EXPECT_THAT(message_for(text), HasSubstr("is not valid UTF-8")) << text;
  }
}

TEST(StrictJson, RefusesIntegersThatADoubleCannotHold) {
  for (const char* number :
       {"9007199254740993", "-9007199254740993", "18446744073709551615", "9223372036854775808",
        "123456789012345678901234567890", "9007199254740994.0", "1e17", "-1e20"}) {
    const std::string text = std::string("{\"a\":[0,") + number + "]}";
    EXPECT_EQ(message_for(text), "\"a[1]\" holds an integer beyond 2^53; send it as a string.")
        << number;
    EXPECT_EQ(message_for(text, received_json_limits()), "accepted") << number;
  }
  for (const char* number : {"9007199254740992", "-9007199254740992", "1e21", "1.5e300", "1e15"}) {
    EXPECT_EQ(message_for(number), "accepted") << number;
  }
}

TEST(StrictJson, RefusesNumbersThatOverflow) {
  for (const char* number : {"1e400", "-1e400", "1e-400", "1e99999999999999"}) {
    EXPECT_THAT(message_for(std::string("[") + number + "]"), HasSubstr("too large or too small"))
        << number;
  }
}

TEST(StrictJson, ReadsDoublesToTheLastBit) {
  for (const char* number : {"0.3", "4.35", "0.1", "2.2250738585072014e-308", "5e-324",
                             "1.7976931348623157e+308", "123456.789012345", "8.41e+21", "9.5e-7"}) {
    EXPECT_EQ(canonical(parse_strict_json(number).value()), number);
  }
}

TEST(StrictJson, AllowsTheDepthOfItsLimitAndNotOneMore) {
  JsonLimits limits;
  limits.depth_max = 32;
  EXPECT_EQ(message_for(nested(32), limits), "accepted");
  EXPECT_EQ(message_for(nested(33), limits), "The JSON text is nested more than 32 levels deep.");
  EXPECT_THAT(message_for(nested(100'000)), HasSubstr("nested more than 33 levels deep"));
}

TEST(StrictJson, RefusesTextsPastItsSize) {
  JsonLimits limits;
  limits.bytes_max = 4;
  EXPECT_EQ(message_for("1234", limits), "accepted");
  const auto parsed = parse_strict_json("12345", limits);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::kTooLarge);
}

TEST(StrictJson, CutsLongPathsAtACharacter) {
  std::string key;
  for (int i = 0; i < 500; ++i) key += "\u00e9";
  const std::string message = message_for("{\"x" + key + "\":1e400}");
  EXPECT_LT(message.size(), 300U);
  EXPECT_TRUE(is_valid_utf8(message));
}

TEST(StrictJson, StaysFastWhenSmallObjectsFollowALargeOne) {
  std::string text = "[{";
  for (int i = 0; i < 20'000; ++i) text += '"' + std::to_string(i) + "\":0,";
  text += "\"x\":0}";
  for (int i = 0; i < 20'000; ++i) text += ",{\"a\":0}";
  text += "]";
  const auto value = parse_strict_json(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_array().size(), 20'001U);
}

}  // namespace
}  // namespace verihook::webhooks
