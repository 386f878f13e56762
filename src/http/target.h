// The request target, decoded once: percent-decoding is never repeated further in, so that what was
// checked here is what a handler sees. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace verihook::http {

struct Target {
  std::string path;                                        // decoded, begins with '/'; or "*"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// Takes origin-form, absolute-form and "*", which check_head has let through. Nothing when an
// escape is malformed, when the path has dot segments or an encoded slash, backslash or control
// character, when the query has an encoded NUL, or when either is not UTF-8.
std::optional<Target> parse_target(std::string_view target);

}  // namespace verihook::http
