#include "webhooks/json_writer.h"

#include <limits>

#include <gtest/gtest.h>

namespace verihook::webhooks {
namespace {

std::string js_number(double number) {
  std::string text;
  append_js_number(text, number);
  return text;
}

TEST(JsNumber, IsWrittenAsJavaScriptWritesIt) {
  const std::pair<double, std::string_view> kCases[] = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.0, "1"},
      {-1.0, "-1"},
      {1e3, "1000"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {4.35, "4.35"},
      {-123.456, "-123.456"},
      {1e-6, "0.000001"},
      {1.234e-6, "0.000001234"},
      {1e-7, "1e-7"},
      {1.5e-7, "1.5e-7"},
      {-1.234e-7, "-1.234e-7"},
      {9007199254740992.0, "9007199254740992"},
      {123456789012345680000.0, "123456789012345680000"},
      {1e21, "1e+21"},
      {1e22, "1e+22"},
      {1e23, "1e+23"},
      {1.2345678901234568e21, "1.2345678901234568e+21"},
      {1.5e300, "1.5e+300"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::infinity(), "null"},
      {std::numeric_limits<double>::quiet_NaN(), "null"},
  };
  for (const auto& [number, text] : kCases) EXPECT_EQ(js_number(number), text);
}

TEST(JsString, EscapesOnlyWhatJsonStringifyEscapes) {
  std::string text;
  append_js_string(text, std::string_view("\0\x01\x1f\b\t\n\f\r\"\\/\x7f", 12));
  EXPECT_EQ(text, "\"\\u0000\\u0001\\u001f\\b\\t\\n\\f\\r\\\"\\\\/\x7f\"");
  text.clear();
  append_js_string(text, "\u2028\u2029\u00e9\U0001f600");
  EXPECT_EQ(text, "\"\u2028\u2029\u00e9\U0001f600\"");
}

TEST(JsonWriter, WritesEveryKindOfValueWithoutWhiteSpace) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object();
  writer.member("text", "a\"b");
  writer.member("string", std::string("s"));
  writer.member("view", std::string_view("v"));
  writer.member("int", 7);
  writer.member("negative", std::int64_t{-9007199254740991});
  writer.member("double", 12.5);
  writer.member("true", true);
  writer.member("nothing", std::optional<std::int64_t>());
  writer.member("something", std::optional<std::int64_t>(3));
  writer.key("null");
  writer.null();
  writer.key("raw");
  writer.raw(R"({"x":[1]})");
  writer.key("list");
  writer.begin_array();
  writer.value(1);
  writer.begin_object();
  writer.end_object();
  writer.begin_array();
  writer.end_array();
  writer.value("x");
  writer.end_array();
  writer.member("last", false);
  writer.end_object();
  EXPECT_EQ(text, R"({"text":"a\"b","string":"s","view":"v","int":7,"negative":-9007199254740991,)"
                  R"("double":12.5,"true":true,"nothing":null,"something":3,"null":null,)"
                  R"("raw":{"x":[1]},"list":[1,{},[],"x"],"last":false})");
}

TEST(JsonWriter, GoesOnAfterItsStringWasSentAndCleared) {
  std::string buffer;
  std::string sent;
  JsonWriter writer(buffer);
  writer.begin_array();
  for (int i = 0; i < 5; ++i) {
    writer.begin_object();
    writer.member("row", i);
    writer.end_object();
    sent += buffer;
    buffer.clear();
  }
  writer.end_array();
  sent += buffer;
  EXPECT_EQ(sent, R"([{"row":0},{"row":1},{"row":2},{"row":3},{"row":4}])");
}

}  // namespace
}  // namespace verihook::webhooks
