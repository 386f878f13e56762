// Names set aside by RFC 6761, RFC 6762, RFC 7686, RFC 9476 and their like, which the public DNS
// will never delegate. Knowing that is all that happens here: laboratories run mail under .test and
// companies under .internal, so whether such a domain exists is still asked of the resolver.
#pragma once

#include <string_view>

namespace verihook::address {

// The sandbox under .test is ours, and is no special name in this sense.
inline constexpr std::string_view kSandboxDomain = "sandbox.test";

// `domain_ascii` is a lower-case name without a trailing dot.
bool is_special_use(std::string_view domain_ascii);

}  // namespace verihook::address
