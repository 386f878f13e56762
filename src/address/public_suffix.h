// The Public Suffix List, as Debian's libpsl carries it: which part of a domain somebody
// registered. Names are lower-case A-labels. The data is read only, so any thread may call.
#pragma once

#include <string>
#include <string_view>

namespace verihook::address {

// "mail.example.co.uk" -> "example.co.uk"; empty where the domain is itself a suffix.
std::string registrable_domain(const std::string& domain);

// Whether an ICANN rule (not merely the rule that every last label is a suffix) names this suffix.
bool is_icann_suffix(const std::string& domain);

}  // namespace verihook::address
