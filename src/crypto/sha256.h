// SHA-256 (FIPS 180-4), whole or piece by piece. An object belongs to one thread at a time. Throws
// std::runtime_error when OpenSSL itself fails, which no caller can mend.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace verihook::crypto {

using Digest = std::array<std::byte, 32>;

Digest sha256(std::string_view data);

// The digest's bytes, to be stored or compared as a string.
std::string to_bytes(const Digest& digest);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view data);

  // The digest of everything given so far; the object then starts anew.
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace verihook::crypto
