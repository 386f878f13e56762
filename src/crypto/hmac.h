// HMAC-SHA256 (RFC 2104, FIPS 198-1). Pure; any thread. An empty key is legal here, as it is in the
// RFC: whoever verifies signatures refuses empty secrets itself. Throws std::runtime_error when
// OpenSSL itself fails (out of memory, no provider), which no caller can mend.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace verihook::crypto {

using Mac = std::array<std::byte, 32>;

Mac hmac_sha256(std::string_view key, std::string_view data);

// The same over the parts joined, without copying them together.
Mac hmac_sha256(std::string_view key, std::span<const std::string_view> parts);

}  // namespace verihook::crypto
