// The operating system's randomness through OpenSSL's generator: for ids, secrets and nonces. Any
// number of threads may share one. Throws std::runtime_error when the generator fails: there is
// then nothing safe left to do.
#pragma once

#include "base/random.h"

namespace verihook::crypto {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

}  // namespace verihook::crypto
