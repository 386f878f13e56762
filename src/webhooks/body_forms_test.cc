#include "webhooks/body_forms.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace verihook::webhooks {
namespace {

std::string form(std::string_view body, std::string_view what) {
  for (const BodyForm& one : body_forms(body)) {
    if (one.what == what) return one.text;
  }
  return "none";
}

constexpr std::string_view kBody = "{ \"b\" : \"\u00fc/\U0001F600\", \"a\":[1,{}, []] }";

TEST(BodyForms, AreWhatTheCommonWritersOfJsonMakeOfABody) {
  EXPECT_EQ(form(kBody, "as JSON.stringify writes it"),
            "{\"b\":\"\u00fc/\U0001F600\",\"a\":[1,{},[]]}");
  EXPECT_EQ(form(kBody, "pretty-printed with two spaces"),
            "{\n  \"b\": \"\u00fc/\U0001F600\",\n  \"a\": [\n    1,\n    {},\n    []\n  ]\n}");
  EXPECT_EQ(form(kBody, "as Python's json.dumps writes it"),
            "{\"b\": \"\\u00fc/\\ud83d\\ude00\", \"a\": [1, {}, []]}");
  EXPECT_EQ(form(kBody, "as PHP's json_encode writes it"),
            "{\"b\":\"\\u00fc\\/\\ud83d\\ude00\",\"a\":[1,{},[]]}");
  EXPECT_EQ(form(kBody, "with its keys in order"), "{\"a\":[1,{},[]],\"b\":\"\u00fc/\U0001F600\"}");
}

TEST(BodyForms, DifferFromTheBodyAndFromEachOther) {
  const std::string body = R"({"a":1})";
  const auto forms = body_forms(body);
  EXPECT_EQ(form(body, "as JSON.stringify writes it"), "none");
  for (std::size_t i = 0; i < forms.size(); ++i) {
    EXPECT_NE(forms[i].text, body);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(forms[i].text, forms[j].text);
  }
}

TEST(BodyForms, OfWhatIsNoJsonDifferInTheirLineEnds) {
  for (const BodyForm& one : body_forms("a\r\nb\n")) {
    EXPECT_TRUE(one.line_end) << one.what;
  }
  EXPECT_EQ(form("a\r\nb\n", "without the line end at its end"), "a\r\nb");
  EXPECT_EQ(form("a\r\nb\n", "with line feeds alone at the ends of its lines"), "a\nb\n");
  EXPECT_EQ(form("a", "with a line end at its end"), "a\n");
}

}  // namespace
}  // namespace verihook::webhooks
