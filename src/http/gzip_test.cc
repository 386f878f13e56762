#include "http/gzip.h"

#include <zlib.h>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/run_task.h"

namespace verihook::http {
namespace {

bool accepts(std::string value) {
  Headers headers;
  headers.add("Accept-Encoding", std::move(value));
  return accepts_gzip(headers);
}

TEST(Gzip, IsUsedOnlyForClientsThatTakeIt) {
  for (const char* yes :
       {"gzip", "GZIP", "x-gzip", "br, gzip;q=0.5", "*", "deflate , gzip ; q=1", "*;q=0, gzip"}) {
    EXPECT_TRUE(accepts(yes)) << yes;
  }
  for (const char* no : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0", "*;q=0",
                         "gzip;q=", "gzipped", "gzip;q=x"}) {
    EXPECT_FALSE(accepts(no)) << no;
  }
  EXPECT_FALSE(accepts_gzip({}));
}

BodySource source_of(std::vector<std::string> pieces, std::optional<Error> end = {}) {
  auto left = std::make_shared<std::vector<std::string>>(std::move(pieces));
  return [left, end]() -> Task<Result<std::string>> {
    if (left->empty()) {
      if (end) co_return std::unexpected(*end);
      co_return std::string();
    }
    std::string piece = std::move(left->front());
    left->erase(left->begin());
    co_return piece;
  };
}

Result<std::string> read(const BodySource& source) {
  asio::io_context io;
  std::string text;
  for (;;) {
    TRY(piece, testing::run_task(io, source()));
    if (piece.empty()) return text;
    text += piece;
  }
}

std::string gunzipped(std::string compressed) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<unsigned char*>(compressed.data());
  stream.avail_in = static_cast<unsigned>(compressed.size());
  std::string text(4'000'000, '\0');
  stream.next_out = reinterpret_cast<unsigned char*>(text.data());
  stream.avail_out = static_cast<unsigned>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Gzip, GivesTheBytesBackHoweverTheyCame) {
  SeededRandom random{7};
  std::string noise;
  for (int i = 0; i < 300'000; ++i) noise.push_back(static_cast<char>(random.below(256)));
  const std::vector<std::vector<std::string>> cases = {
      {}, {"a"}, {"a", "b", "c"}, {noise}, {std::string(3'000'000, 'x')}, {noise, "z", noise}};
  for (const auto& pieces : cases) {
    std::string whole;
    for (const std::string& piece : pieces) whole += piece;
    const auto compressed = read(gzipped(source_of(pieces), nullptr));
    ASSERT_TRUE(compressed);
    EXPECT_EQ(gunzipped(*compressed), whole);
  }
}

TEST(Gzip, FailsWhereItsSourceFails) {
  const auto text = read(gzipped(source_of({"a"}, Error{Errc::kStorageFailed, "gone"}), nullptr));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "gone");
}

}  // namespace
}  // namespace verihook::http
