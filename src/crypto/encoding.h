// Bytes as text: hex and base64 (RFC 4648). Encoding writes one form; decoding takes that form and
// nothing else, because a lenient decoder turns a mistyped secret into a short key that nobody
// notices. Decoded bytes are a std::string, ready to be a key. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace verihook::crypto {

// Lower case.
std::string hex_encode(std::span<const std::byte> bytes);
std::string hex_encode(std::string_view bytes);

// Digits of either case in pairs; nothing for anything else.
std::optional<std::string> hex_decode(std::string_view text);

// RFC 4648 section 4, with padding.
std::string base64_encode(std::span<const std::byte> bytes);
std::string base64_encode(std::string_view bytes);

// Padding required, no white space, unused bits zero; nothing for anything else.
std::optional<std::string> base64_decode(std::string_view text);

// RFC 4648 section 5 without padding, for what stands in URLs and file names.
std::string base64url_encode(std::span<const std::byte> bytes);
std::string base64url_encode(std::string_view bytes);

// No padding, no white space, unused bits zero; nothing for anything else.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace verihook::crypto
