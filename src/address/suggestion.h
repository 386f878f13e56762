// "Did you mean gmail.com?": the popular domain that a domain is probably a slip of the fingers
// away from. Slips cost by how easily fingers make them (a doubled letter least, then two letters
// swapped, then a neighbouring key); a suggestion needs one candidate that is near enough and
// nearer than all others. Better silent than wrong: nothing is said about a popular domain, a
// relay, a name set aside for special use or one that ends in another real suffix, and about a
// domain in the free or the disposable list only where the slip is unmistakable. A suggestion never
// changes a verdict. Pure functions, any thread, no failure but silence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "address/email_address.h"
#include "address/lists.h"

namespace verihook::address {

// The whole address, with the suggested domain in place of its own.
std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists);

// The domain alone; `domain_ascii` is in lower-case A-labels.
std::optional<std::string_view> suggest_domain(std::string_view domain_ascii, const Lists& lists);

// What it costs to have typed `typed` for `meant`, or a number above `cost_max`.
int typing_cost(std::string_view typed, std::string_view meant, int cost_max);

}  // namespace verihook::address
