// Comparison of secrets in a time that depends on their lengths alone, so that an attacker who
// measures it learns nothing of the bytes. Compare digests where the length is secret as well.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace verihook::crypto {

bool constant_time_equal(std::span<const std::byte> a, std::span<const std::byte> b);
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace verihook::crypto
