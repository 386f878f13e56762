// Percent-encoding (RFC 3986, section 2.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace verihook {

// For a part of a path, the value of a query parameter, user names: everything but the unreserved
// characters is encoded.
std::string percent_encoded(std::string_view text);

// Nothing when a % is not followed by two hexadecimal digits. A plus sign is a plus sign.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace verihook
