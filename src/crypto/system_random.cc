#include "crypto/system_random.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <openssl/rand.h>

namespace verihook::crypto {

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const auto piece = std::min<std::size_t>(out.size(), std::numeric_limits<int>::max());
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(piece)) != 1) {
      throw std::runtime_error("the system's random generator failed");
    }
    out = out.subspan(piece);
  }
}

}  // namespace verihook::crypto
