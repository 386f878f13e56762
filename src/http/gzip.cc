#include "http/gzip.h"

#include <charconv>
#include <zlib.h>

#include "async/run_on.h"
#include "base/text.h"

namespace verihook::http {
namespace {

// Level 1: results shrink to a tenth with it, and higher levels cost more time than they save.
constexpr int kLevel = 1;
constexpr int kWindowBitsGzip = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kBlockBytes = 64 * 1024;

// "q=0.5" of "gzip; q=0.5"; 1 when there is none, 0 when it is none.
double quality_of(std::string_view parameters) {
  for (const std::string_view parameter : split(parameters, ';')) {
    const std::string_view text = trim(parameter);
    if (!text.starts_with("q=") && !text.starts_with("Q=")) continue;
    double quality = 0;
    const std::string_view number = text.substr(2);
    std::from_chars(number.data(), number.data() + number.size(), quality);
    return quality;
  }
  return 1;
}

class Gzip {
 public:
  explicit Gzip(BodySource source, asio::thread_pool* cpu_pool)
      : source_(std::move(source)), cpu_pool_(cpu_pool) {}
  ~Gzip() {
    if (begun_) deflateEnd(&stream_);
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // Only the end is empty: a piece that is kept back whole is followed by another.
  Task<Result<std::string>> next() {
    std::string out;
    while (out.empty() && !ended_) {
      CO_TRY(piece, co_await source_());
      CO_TRY(compressed, co_await run_on(cpu_pool_, [&] { return compress(piece); }));
      ended_ = piece.empty();
      out = std::move(compressed);
    }
    co_return out;
  }

 private:
  Result<std::string> compress(std::string& piece) {
    if (!begun_) {
      if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
        return fail(Errc::kInternal, "there is no memory to compress the answer");
      }
      begun_ = true;
    }
    stream_.next_in = reinterpret_cast<unsigned char*>(piece.data());
    stream_.avail_in = static_cast<unsigned>(piece.size());
    std::string out;
    do {
      const std::size_t before = out.size();
      out.resize(before + kBlockBytes);
      stream_.next_out = reinterpret_cast<unsigned char*>(out.data() + before);
      stream_.avail_out = static_cast<unsigned>(kBlockBytes);
      deflate(&stream_, piece.empty() ? Z_FINISH : Z_NO_FLUSH);
      out.resize(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

  const BodySource source_;
  asio::thread_pool* const cpu_pool_;
  z_stream stream_ = {};
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

bool accepts_gzip(const Headers& headers) {
  double any = 0;
  std::optional<double> gzip;
  for (const auto& [name, value] : headers.fields()) {
    if (!equals_ignoring_case(name, "accept-encoding")) continue;
    for (const std::string_view part : split(value, ',')) {
      const auto semicolon = std::min(part.find(';'), part.size());
      const std::string_view coding = trim(part.substr(0, semicolon));
      const double quality = quality_of(part.substr(semicolon));
      if (coding == "*") any = quality;
      if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
        gzip = quality;
      }
    }
  }
  return gzip.value_or(any) > 0;
}

BodySource gzipped(BodySource source, asio::thread_pool* cpu_pool) {
  auto gzip = std::make_shared<Gzip>(std::move(source), cpu_pool);
  return [gzip]() -> Task<Result<std::string>> { return gzip->next(); };
}

}  // namespace verihook::http
