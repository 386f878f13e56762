// Decompressor: gzip (RFC 1952) or zstd (RFC 8878) as it arrives, several members or frames behind
// one another included, with a guard against bombs: what comes out may not exceed a limit, nor a
// multiple of what went in. Pure; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace verihook::jobs {

enum class Compression {
  kGzip,
  kZstd,
};

struct DecompressorLimits {
  std::uint64_t bytes_max = std::uint64_t{16} << 30;  // of what comes out
  std::uint64_t ratio_max = 200;                      // of what comes out to what went in
};

class Decompressor {
 public:
  using Output = std::function<Result<void>(std::string_view)>;

  static std::unique_ptr<Decompressor> make(Compression compression, DecompressorLimits limits);
  virtual ~Decompressor() = default;

  // Hands on what `piece` came to, in blocks. kInvalidArgument when it is damaged, kTooLarge past a
  // limit, or the error of `output`.
  Result<void> feed(std::string_view piece, const Output& output);
  // kInvalidArgument when the end is missing.
  Result<void> finish();

 protected:
  Decompressor(std::string_view name, DecompressorLimits limits) : name_(name), limits_(limits) {}

  enum class State {
    kBetween,  // members: the end may be here
    kInside,   // a member
    kDamaged,
  };
  // Moves from `input` into `output` what it can; `written` is how much of that is filled.
  virtual State step(std::string_view& input, std::span<char> output, std::size_t& written) = 0;

 private:
  Result<void> count(std::uint64_t bytes);
  std::unexpected<Error> damaged(std::string_view how) const;

  const std::string_view name_;
  const DecompressorLimits limits_;
  std::string block_;
  State state_ = State::kBetween;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

// By the first bytes; four are enough.
std::optional<Compression> compression_of(std::string_view start);

}  // namespace verihook::jobs
