// "Did you mean gmail.com?": the popular domain that a domain is probably a slip of the fingers
// away from. Slips cost by how easily fingers make them (a doubled letter least, then two letters
// swapped, then a neighbouring key); a suggestion needs one candidate that is near enough and
// nearer than all others, and how near depends on how many people have it. Better silent than
// wrong: nothing is said about a popular domain, a relay, a name set aside for special use, one
// with another first letter or one that ends in another real suffix, and about a domain in the free
// or the disposable list only where the slip is unmistakable. A suggestion never changes a verdict.
// Pure functions, any thread, no failure but silence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "address/email_address.h"
#include "address/lists.h"

namespace verihook::address {

// The whole address, with the suggested domain in place of its own. `hits` is what the lists say
// about that domain, where the caller has asked them already.
std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists);
std::optional<std::string> suggest(const ParsedAddress& parsed, const Lists& lists,
                                   const DomainHits& hits);

// For a text that is no address because its domain was mistyped with signs that none has
// (gmail,com; gmail..com; "gmail. com"): the address with a popular domain that comes of mending
// them, and nothing else.
std::optional<std::string> suggest_repair(std::string_view text, const Lists& lists);

// The domain alone; `domain_ascii` is in lower-case A-labels.
std::optional<std::string_view> suggest_domain(std::string_view domain_ascii, const Lists& lists);
std::optional<std::string_view> suggest_domain(std::string_view domain_ascii, const Lists& lists,
                                               const DomainHits& hits);

// What it costs to have typed `typed` for `meant`, or a number above `cost_max`.
int typing_cost(std::string_view typed, std::string_view meant, int cost_max);

}  // namespace verihook::address
