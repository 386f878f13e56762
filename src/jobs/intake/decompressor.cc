#include "jobs/intake/decompressor.h"

#include <algorithm>
#include <string>
#include <zlib.h>

#include <fmt/format.h>
#include <zstd.h>

namespace verihook::jobs {
namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;
// Below this nobody is harmed, and a few rows may well be very much alike.
constexpr std::uint64_t kFreeBytes = 1024 * 1024;
// 32 MiB; what `zstd -19` makes needs 8.
constexpr int kZstdWindowLogMax = 25;

class GzipDecompressor final : public Decompressor {
 public:
  explicit GzipDecompressor(DecompressorLimits limits) : Decompressor("gzip", limits) {
    // 15 bits of window; 16 more: the gzip format and no other.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipDecompressor() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

 private:
  State step(std::string_view& input, std::span<char> output, std::size_t& written) override {
    if (!ready_) return State::kDamaged;
    const std::size_t size = std::min<std::size_t>(input.size(), 1u << 30);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(size);
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(size - stream_.avail_in);
    written = output.size() - stream_.avail_out;
    if (code == Z_STREAM_END) {
      return inflateReset(&stream_) == Z_OK ? State::kBetween : State::kDamaged;
    }
    return code == Z_OK || code == Z_BUF_ERROR ? State::kInside : State::kDamaged;
  }

  z_stream stream_{};
  bool ready_ = false;
};

class ZstdDecompressor final : public Decompressor {
 public:
  explicit ZstdDecompressor(DecompressorLimits limits)
      : Decompressor("zstd", limits), stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

 private:
  State step(std::string_view& input, std::span<char> output, std::size_t& written) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t hint = ZSTD_decompressStream(stream_.get(), &out, &in);
    input.remove_prefix(in.pos);
    written = out.pos;
    if (ZSTD_isError(hint)) return State::kDamaged;
    return hint == 0 ? State::kBetween : State::kInside;
  }

  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
};

}  // namespace

std::unique_ptr<Decompressor> Decompressor::make(Compression compression,
                                                 DecompressorLimits limits) {
  if (compression == Compression::kGzip) return std::make_unique<GzipDecompressor>(limits);
  return std::make_unique<ZstdDecompressor>(limits);
}

Result<void> Decompressor::feed(std::string_view piece, const Output& output) {
  bytes_in_ += piece.size();
  block_.resize(kBlockBytes);
  for (;;) {
    // A full block may leave more behind inside, though no input is left.
    std::size_t written = 0;
    if (!piece.empty() || state_ == State::kInside) state_ = step(piece, block_, written);
    if (state_ == State::kDamaged) return damaged("is damaged");
    TRY_VOID(count(written));
    if (written > 0) TRY_VOID(output(std::string_view(block_).substr(0, written)));
    if (piece.empty() && written < block_.size()) return {};
  }
}

Result<void> Decompressor::finish() {
  if (bytes_in_ == 0) return damaged("is empty");
  if (state_ != State::kBetween) return damaged("ends too early; it was not sent whole");
  return {};
}

Result<void> Decompressor::count(std::uint64_t bytes) {
  bytes_out_ += bytes;
  if (bytes_out_ > limits_.bytes_max) {
    return fail(Errc::kTooLarge, fmt::format("the list is larger than {} bytes when it is "
                                             "decompressed; split it",
                                             limits_.bytes_max));
  }
  if (bytes_out_ > kFreeBytes && bytes_out_ / limits_.ratio_max > bytes_in_) {
    return fail(Errc::kTooLarge, fmt::format("the list becomes more than {} times as large when it "
                                             "is decompressed; send it uncompressed",
                                             limits_.ratio_max));
  }
  return {};
}

std::unexpected<Error> Decompressor::damaged(std::string_view how) const {
  return fail(Errc::kInvalidArgument, fmt::format("the {} data of the list {}", name_, how));
}

std::optional<Compression> compression_of(std::string_view start) {
  if (start.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (start.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return std::nullopt;
}

}  // namespace verihook::jobs
