#include "http/message.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

TEST(Headers, AreFoundWithoutRegardToCaseInTheirOrder) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X", "1");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.count("aCCept"), 2u);
  EXPECT_FALSE(headers.get("Y"));
  headers.set("ACCEPT", "c");
  EXPECT_EQ(headers.count("accept"), 1u);
  EXPECT_EQ(headers.get("accept"), "c");
  EXPECT_EQ(headers.fields().front().first, "X");
}

TEST(Methods, HaveNamesThatAreCaseSensitive) {
  for (std::size_t i = 0; i < kMethodCount; ++i) {
    const auto method = static_cast<Method>(i);
    EXPECT_EQ(parse_method(to_string(method)), method);
  }
  EXPECT_FALSE(parse_method("get"));
  EXPECT_FALSE(parse_method(""));
}

TEST(Responses, SayTheErrorOfTheContract) {
  const Response response = error_response(404, "not_found", "No \"such\" thing.", "req_1");
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"error":"No \"such\" thing.","code":"not_found","request_id":"req_1"})");
}

TEST(Requests, GiveQueryValuesAndCapturesByName) {
  Request request;
  request.query = {{"a", "1"}, {"a", "2"}};
  request.captures = {{"id", "x"}};
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_FALSE(request.query_value("b"));
  EXPECT_EQ(request.capture("id"), "x");
  EXPECT_EQ(request.capture("other"), "");
}

}  // namespace
}  // namespace verihook::http
