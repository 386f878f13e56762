// UTF-8 text cut at whole characters. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace verihook {

// The longest beginning of at most `bytes_max` bytes that ends where a character ends. The text is
// valid UTF-8.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace verihook
