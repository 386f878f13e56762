#include "jobs/intake/decompressor.h"

#include <algorithm>
#include <string>
#include <zlib.h>

#include <gmock/gmock.h>
#include <zstd.h>

namespace verihook::jobs {
namespace {

using ::testing::HasSubstr;

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

Result<std::string> decompress(Compression compression, std::string_view data, std::size_t piece,
                               DecompressorLimits limits = {}) {
  const auto decompressor = Decompressor::make(compression, limits);
  std::string out;
  while (!data.empty()) {
    TRY_VOID(decompressor->feed(data.substr(0, piece), [&](std::string_view text) -> Result<void> {
      out += text;
      return {};
    }));
    data.remove_prefix(std::min(piece, data.size()));
  }
  TRY_VOID(decompressor->finish());
  return out;
}

std::string varied_text(std::size_t bytes) {
  std::string text;
  for (unsigned number = 1; text.size() < bytes; number = number * 1'103'515'245u + 12'345u) {
    text += std::to_string(number) + "@x.test\n";
  }
  text.resize(bytes);
  return text;
}

class DecompressorTest : public ::testing::TestWithParam<Compression> {
 protected:
  static std::string compress(std::string_view text) {
    return GetParam() == Compression::kGzip ? gzip(text) : zstd(text);
  }
};

TEST_P(DecompressorTest, GivesTheTextBackHoweverItArrives) {
  const std::string text = varied_text(900'000);
  const std::string data = compress(text);
  EXPECT_EQ(compression_of(data), GetParam());
  for (const std::size_t piece : {std::size_t{7}, std::size_t{4096}, data.size()}) {
    EXPECT_EQ(decompress(GetParam(), data, piece), text);
  }
}

TEST_P(DecompressorTest, ReadsSeveralMembersBehindOneAnother) {
  const std::string data = compress("one\n") + compress("") + compress("two\n");
  for (const std::size_t piece : {std::size_t{1}, data.size()}) {
    EXPECT_EQ(decompress(GetParam(), data, piece), "one\ntwo\n");
  }
}

TEST_P(DecompressorTest, RefusesDataThatEndsAnywhereTooEarly) {
  const std::string data = compress("a@x.test\nb@x.test\n");
  for (std::size_t size = 0; size < data.size(); ++size) {
    EXPECT_EQ(decompress(GetParam(), data.substr(0, size), 5).error().code, Errc::kInvalidArgument)
        << size;
  }
  EXPECT_THAT(decompress(GetParam(), data.substr(0, data.size() - 1), 5).error().message,
              HasSubstr("ends too early"));
}

TEST_P(DecompressorTest, RefusesWhatIsDamagedOrNotCompressed) {
  EXPECT_THAT(decompress(GetParam(), "a@x.test\n", 3).error().message, HasSubstr("damaged"));
  EXPECT_THAT(decompress(GetParam(), compress("a") + "tail of something", 4).error().message,
              HasSubstr("damaged"));
}

TEST_P(DecompressorTest, StopsABombEarly) {
  const std::string bomb = compress(std::string(64'000'000, 'a'));
  const auto stopped = decompress(GetParam(), bomb, 1000);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::kTooLarge);
  EXPECT_THAT(stopped.error().message, HasSubstr("more than 200 times"));
}

TEST_P(DecompressorTest, StopsAtTheMostThatMayComeOut) {
  const std::string data = compress(varied_text(300'000));
  EXPECT_TRUE(decompress(GetParam(), data, 1000, {.bytes_max = 300'000}));
  EXPECT_EQ(decompress(GetParam(), data, 1000, {.bytes_max = 299'999}).error().code,
            Errc::kTooLarge);
}

TEST_P(DecompressorTest, PassesTheErrorOfTheReceiverOn) {
  const auto decompressor = Decompressor::make(GetParam(), {});
  const auto fed = decompressor->feed(
      compress("a"), [](std::string_view) -> Result<void> { return fail(Errc::kBusy, "full"); });
  EXPECT_EQ(fed.error().code, Errc::kBusy);
}

INSTANTIATE_TEST_SUITE_P(Both, DecompressorTest,
                         ::testing::Values(Compression::kGzip, Compression::kZstd));

TEST(Compression, IsKnownByTheFirstBytesOnly) {
  EXPECT_FALSE(compression_of("a@x.test"));
  EXPECT_FALSE(compression_of(""));
}

}  // namespace
}  // namespace verihook::jobs
