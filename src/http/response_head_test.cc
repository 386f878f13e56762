#include "http/response_head.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

TEST(ResponseHead, WritesTheDateAsHttpWantsIt) {
  EXPECT_EQ(to_http_date(*parse_iso8601("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(to_http_date(*parse_iso8601("2028-02-29T23:59:59.999Z")),
            "Tue, 29 Feb 2028 23:59:59 GMT");
}

TEST(ResponseHead, WritesEveryField) {
  Response response = json_response(200, "{}");
  response.headers.add("Connection", "upgrade");
  std::string out;
  append_head(out, response, {.date = "today", .request_id = "req_1", .content_length = 2});
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
            "X-Request-ID: req_1\r\n\r\n");
}

TEST(ResponseHead, SaysHowTheBodyEnds) {
  const auto head = [](HeadExtras extras) {
    std::string out;
    append_head(out, Response{}, extras);
    return out;
  };
  EXPECT_TRUE(head({.body_end = BodyEnd::kChunked}).contains("Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(head({.body_end = BodyEnd::kClose}).contains("Content-Length"));
  EXPECT_FALSE(head({.body_end = BodyEnd::kNone}).contains("Content-Length"));
  EXPECT_TRUE(head({.close = true, .keep_alive_1_0 = true}).contains("Connection: close\r\n"));
  EXPECT_TRUE(head({.keep_alive_1_0 = true}).contains("Connection: keep-alive\r\n"));
  EXPECT_TRUE(head({.tls = true}).contains("Strict-Transport-Security: max-age=63072000\r\n"));
}

TEST(ResponseHead, KnowsWhatMustNotBeSent) {
  Response response;
  EXPECT_TRUE(is_sendable(response));
  for (const unsigned status : {0u, 100u, 199u, 600u}) {
    response.status = status;
    EXPECT_FALSE(is_sendable(response)) << status;
  }
  Response split;
  split.headers.add("X", "a\r\nSet-Cookie: b");
  EXPECT_FALSE(is_sendable(split));
}

}  // namespace
}  // namespace verihook::http
