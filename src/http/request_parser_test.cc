#include "http/request_parser.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

using Outcome = RequestParser::Outcome;

constexpr std::string_view kChunkedHead =
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// Feeds `bytes` in pieces of `size`, as a connection would; the body, and how it ended.
std::pair<std::string, Outcome> read_body(RequestParser& parser, std::string_view bytes,
                                          std::size_t size) {
  std::string body;
  std::string buffer;
  std::size_t fed = 0;
  while (true) {
    const RequestParser::Step step = parser.parse_body(buffer);
    body += step.piece;
    buffer.erase(0, step.consumed_bytes);
    if (step.outcome == Outcome::kPiece) continue;
    if (step.outcome != Outcome::kMore || fed >= bytes.size()) return {body, step.outcome};
    buffer += bytes.substr(fed, size);
    fed += size;
  }
}

TEST(RequestParser, ReadsTheHead) {
  RequestParser parser;
  RequestHead head;
  ASSERT_FALSE(parser.parse_head("PUT /a?b HTTP/1.0\r\nHost:  a \r\nX:\r\n\r\n", head));
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.version, 10u);
  EXPECT_EQ(head.headers.get("host"), "a");
  EXPECT_EQ(head.headers.get("x"), "");
  EXPECT_TRUE(parser.complete());
  EXPECT_FALSE(parser.keep_alive());
}

TEST(RequestParser, ReadsChunksSplitAnywhere) {
  constexpr std::string_view kBody = "5\r\nhello\r\n006\r\n world\r\n1\r\n!\r\n0\r\n\r\n";
  for (std::size_t size = 1; size <= kBody.size(); ++size) {
    RequestParser parser;
    RequestHead head;
    ASSERT_FALSE(parser.parse_head(kChunkedHead, head));
    EXPECT_EQ(read_body(parser, kBody, size), std::pair(std::string("hello world!"), Outcome::kEnd))
        << size;
  }
}

TEST(RequestParser, ReadsAnEmptyChunkedBodySplitAnywhere) {
  for (const std::string_view empty : {"0\r\n\r\n", "000\r\n\r\n"}) {
    for (std::size_t size = 1; size <= empty.size(); ++size) {
      RequestParser parser;
      RequestHead head;
      ASSERT_FALSE(parser.parse_head(kChunkedHead, head));
      EXPECT_EQ(read_body(parser, empty, size), std::pair(std::string(), Outcome::kEnd)) << size;
    }
  }
}

TEST(RequestParser, RefusesBadChunksSplitAnywhere) {
  for (const std::string_view bad : {"5;a\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nX: y\r\n\r\n",
                                     "5\r\nhello0\r\n\r\n", "5\nhello\r\n0\r\n\r\n"}) {
    for (std::size_t size = 1; size <= bad.size(); ++size) {
      RequestParser parser;
      RequestHead head;
      ASSERT_FALSE(parser.parse_head(kChunkedHead, head));
      EXPECT_EQ(read_body(parser, bad, size).second, Outcome::kBad) << bad << size;
      EXPECT_EQ(head.headers.fields().size(), 2u);
    }
  }
}

TEST(RequestParser, LeavesTheNextRequestInTheBuffer) {
  RequestParser parser;
  RequestHead head;
  ASSERT_FALSE(parser.parse_head("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", head));
  const RequestParser::Step step = parser.parse_body("abcGET / HTTP");
  EXPECT_EQ(step.piece, "abc");
  EXPECT_EQ(step.consumed_bytes, 3u);
  EXPECT_TRUE(parser.complete());
}

}  // namespace
}  // namespace verihook::http
