#include "http/guard.h"

#include <gtest/gtest.h>

namespace verihook::http {
namespace {

using namespace std::string_view_literals;
using Outcome = HeadScanner::Outcome;

constexpr std::string_view kHead = "GET /a HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string bytes = std::string(kHead) + "the body";
  for (std::size_t first = 0; first < kHead.size(); ++first) {
    for (std::size_t second = first; second < kHead.size(); ++second) {
      HeadScanner scanner{HeadLimits{}};
      ASSERT_EQ(scanner.scan(std::string_view(bytes).substr(0, first)), Outcome::kMore);
      ASSERT_EQ(scanner.scan(std::string_view(bytes).substr(0, second)), Outcome::kMore);
      ASSERT_EQ(scanner.scan(bytes), Outcome::kComplete);
      ASSERT_EQ(scanner.head(bytes), kHead);
    }
  }
}

TEST(HeadScanner, LeavesOneEmptyLineOutOfTheHead) {
  HeadScanner scanner{HeadLimits{}};
  const std::string bytes = "\r\n" + std::string(kHead);
  ASSERT_EQ(scanner.scan(bytes), Outcome::kComplete);
  EXPECT_EQ(scanner.head(bytes), kHead);
  EXPECT_EQ(scanner.scanned_bytes(), bytes.size());
}

TEST(HeadScanner, StartsAgainAfterReset) {
  HeadScanner scanner{HeadLimits{}};
  EXPECT_EQ(scanner.scan(kHead), Outcome::kComplete);
  scanner.reset();
  EXPECT_EQ(scanner.scan(kHead), Outcome::kComplete);
  EXPECT_EQ(scanner.head(kHead), kHead);
}

TEST(HeadScanner, RefusesBeforeTheEndIsThere) {
  const std::pair<std::string_view, unsigned> cases[] = {
      {"GET / HTTP/1.1\nH", 400},
      {"\x16\x03", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n ", 400},
      {"GET / HTTP/1.1\r\nHost: a\rX", 400},
      {"\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : cases) {
    SCOPED_TRACE(bytes);
    HeadScanner scanner{HeadLimits{}};
    ASSERT_EQ(scanner.scan(bytes), Outcome::kRefused);
    EXPECT_EQ(scanner.refusal().status, status);
  }
}

TEST(Guard, TakesOnlyPlainHosts) {
  for (const std::string_view good : {"a", "a.test", "a-b.test:80", "127.0.0.1:65535", "[::1]",
                                      "[2001:db8::1]:443", "my_host", "[::ffff:192.0.2.1]"}) {
    EXPECT_TRUE(is_valid_host(good)) << good;
  }
  for (const std::string_view bad :
       {"", ":80", "a:", "a:x", "a:99999", "a:123456", "a@b", "a/b", "a b", "[", "[]", "[::1",
        "[::1]x", "[::1]:", "[g::1]", "a%41", "a?b", "a,b"}) {
    EXPECT_FALSE(is_valid_host(bad)) << bad;
  }
}

TEST(Guard, KnowsEveryBeginningOfAChunk) {
  for (const std::string_view whole : {"5\r\n", "0\r\n\r\n", "00\r\n\r\n", "fFfFfFfFfFfF\r\n"}) {
    const std::string later = "\r\n" + std::string(whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(look_at_chunk_start(whole.substr(0, size), true), ChunkStart::kMore) << size;
    }
    for (std::size_t size = 0; size < later.size(); ++size) {
      EXPECT_EQ(look_at_chunk_start(later.substr(0, size), false), ChunkStart::kMore) << size;
    }
    EXPECT_EQ(look_at_chunk_start(whole, true), ChunkStart::kComplete) << whole;
    EXPECT_EQ(look_at_chunk_start(later + "x", false), ChunkStart::kComplete) << whole;
  }
  for (const std::string_view bad : {"\r", " ", "5 ", "5;", "5\n", "5\rx", "0\r\nX", "0\r\n\rX",
                                     "x", "0x", "+1", "1234567890123", "0\r\n\n"}) {
    EXPECT_EQ(look_at_chunk_start(bad, true), ChunkStart::kBad) << bad;
  }
  for (const std::string_view bad : {"5", "\n", "\r5", "\r\n\r\n"}) {
    EXPECT_EQ(look_at_chunk_start(bad, false), ChunkStart::kBad) << bad;
  }
}

TEST(Guard, TakesOnlyFieldsThatCannotBreakAHead) {
  EXPECT_TRUE(is_valid_field_name("X-Request-ID"));
  for (const std::string_view bad : {"", "X ", "X:", "X\r\n", "\xc3\xa4"}) {
    EXPECT_FALSE(is_valid_field_name(bad)) << bad;
  }
  EXPECT_TRUE(is_valid_field_value(""));
  EXPECT_TRUE(is_valid_field_value("a\tb \xc3\xa4"));
  for (const std::string_view bad : {"a\r"sv, "a\n"sv, "a\0"sv, "\x7f"sv}) {
    EXPECT_FALSE(is_valid_field_value(bad)) << bad;
  }
}

}  // namespace
}  // namespace verihook::http
